# SPDX-License-Identifier: Apache-2.0
# How a room is built: one static library a room, programs in bin/, data beside them, so that the
# build tree has the shape of the installed prefix and programs find their files the same way in both.

set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bin")
set(LANE_LIBEXEC_DIR "libexec/gpu-lane")
set(LANE_DATA_DIR "share/gpu-lane")

add_library(lane_flags INTERFACE)
target_compile_definitions(lane_flags INTERFACE _GNU_SOURCE LANE_VERSION="${PROJECT_VERSION}")
target_compile_options(lane_flags INTERFACE
  -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wconversion -Wvla
  -Wformat=2 -Wundef -fno-common -fstack-protector-strong)
# Of the macros of libseccomp, which leave out what is zero; gcc says nothing there.
target_compile_options(lane_flags INTERFACE $<$<C_COMPILER_ID:Clang>:-Wno-missing-field-initializers>)
target_include_directories(lane_flags INTERFACE "${PROJECT_SOURCE_DIR}")
if(CMAKE_BUILD_TYPE STREQUAL "RelWithDebInfo")
  target_compile_definitions(lane_flags INTERFACE _FORTIFY_SOURCE=2)
endif()
if(LANE_SANITIZE)
  target_compile_options(lane_flags INTERFACE -fsanitize=${LANE_SANITIZE} -fno-sanitize-recover=all
    -fno-omit-frame-pointer)
  target_link_options(lane_flags INTERFACE -fsanitize=${LANE_SANITIZE})
endif()

# lane_add_room(NAME SOURCES... LINK targets...): the room's static library lane_<name>.
function(lane_add_room name)
  cmake_parse_arguments(ROOM "" "" "SOURCES;LINK" ${ARGN})
  add_library(lane_${name} STATIC ${ROOM_SOURCES})
  target_link_libraries(lane_${name} PUBLIC lane_flags ${ROOM_LINK})
endfunction()

# lane_add_program(NAME SOURCES... LINK targets... [LIBEXEC]): an installed executable.
function(lane_add_program name)
  cmake_parse_arguments(PROGRAM "LIBEXEC" "" "SOURCES;LINK" ${ARGN})
  add_executable(${name} ${PROGRAM_SOURCES})
  target_link_libraries(${name} PRIVATE lane_flags ${PROGRAM_LINK})
  if(PROGRAM_LIBEXEC)
    set_target_properties(${name} PROPERTIES
      RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/${LANE_LIBEXEC_DIR}")
    install(TARGETS ${name} RUNTIME DESTINATION "${LANE_LIBEXEC_DIR}")
  else()
    install(TARGETS ${name} RUNTIME DESTINATION bin)
  endif()
endfunction()

# lane_add_data(KIND FILES...): installs under share/gpu-lane/<kind> and mirrors it in the build tree.
function(lane_add_data kind)
  foreach(file IN LISTS ARGN)
    get_filename_component(name "${file}" NAME)
    configure_file("${file}" "${PROJECT_BINARY_DIR}/${LANE_DATA_DIR}/${kind}/${name}" COPYONLY)
  endforeach()
  install(FILES ${ARGN} DESTINATION "${LANE_DATA_DIR}/${kind}")
endfunction()

# lane_add_shader(TARGET FILE.comp [DEFINES...]): compiles GLSL to SPIR-V 1.3 (Vulkan 1.1) and makes
# it available to TARGET as `#include "<room>/<file>.comp.h"`, which declares
# `static const uint32_t <file>_spirv[]`.
function(lane_add_shader target file)
  get_filename_component(name "${file}" NAME_WE)
  file(RELATIVE_PATH room "${PROJECT_SOURCE_DIR}" "${CMAKE_CURRENT_SOURCE_DIR}")
  set(header "${PROJECT_BINARY_DIR}/shaders/${room}/${file}.h")
  get_filename_component(header_dir "${header}" DIRECTORY)
  file(MAKE_DIRECTORY "${header_dir}")
  add_custom_command(
    OUTPUT "${header}"
    COMMAND "${GLSLANG}" --quiet -V --target-env vulkan1.1 --vn ${name}_spirv
            -o "${header}" "${CMAKE_CURRENT_SOURCE_DIR}/${file}"
    COMMAND sed -i "s/^const uint32_t/static const uint32_t/" "${header}"
    DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/${file}"
    VERBATIM)
  target_sources(${target} PRIVATE "${header}")
  target_include_directories(${target} PRIVATE "${PROJECT_BINARY_DIR}/shaders")
endfunction()

# lane_add_assembly(TARGET FILE.spvasm KIND...): runs SPIR-V assembly through the C preprocessor and
# the assembler (SPIR-V 1.3), once for each KIND with that defined in upper case, and makes it
# available to TARGET as `#include "<room>/<file>_<kind>.spvasm.h"`, which declares
# `static const uint32_t <file>_<kind>_spirv[]`.
function(lane_add_assembly target file)
  get_filename_component(name "${file}" NAME_WE)
  file(RELATIVE_PATH room "${PROJECT_SOURCE_DIR}" "${CMAKE_CURRENT_SOURCE_DIR}")
  set(folder "${PROJECT_BINARY_DIR}/shaders/${room}")
  file(MAKE_DIRECTORY "${folder}")
  foreach(kind IN LISTS ARGN)
    string(TOUPPER "${kind}" define)
    set(stem "${folder}/${name}_${kind}.spvasm")
    add_custom_command(
      OUTPUT "${stem}.h"
      COMMAND "${CMAKE_C_COMPILER}" -E -P -x assembler-with-cpp "-D${define}" -o "${stem}"
              "${CMAKE_CURRENT_SOURCE_DIR}/${file}"
      COMMAND "${SPIRV_AS}" --target-env spv1.3 -o "${stem}.spv" "${stem}"
      COMMAND "${CMAKE_COMMAND}" "-DNAME=${name}_${kind}_spirv" "-DFROM=${stem}.spv"
              "-DTO=${stem}.h" -P "${PROJECT_SOURCE_DIR}/cmake/words.cmake"
      DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/${file}" "${PROJECT_SOURCE_DIR}/cmake/words.cmake"
      VERBATIM)
    target_sources(${target} PRIVATE "${stem}.h")
  endforeach()
  target_include_directories(${target} PRIVATE "${PROJECT_BINARY_DIR}/shaders")
endfunction()
