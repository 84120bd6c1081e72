# SPDX-License-Identifier: Apache-2.0
# Run by `cmake --install` for what depends on the prefix: the unit names the program where this
# installation puts it, and what only the system's own package has lies outside its prefix.
set(here "${CMAKE_CURRENT_LIST_DIR}")
set(unit lib/systemd/system/gpu-bridge-host.service)
message(STATUS "Installing: $ENV{DESTDIR}${CMAKE_INSTALL_PREFIX}/${unit}")
configure_file("${here}/systemd/gpu-bridge-host.service.in"
  "$ENV{DESTDIR}${CMAKE_INSTALL_PREFIX}/${unit}" @ONLY)
list(APPEND CMAKE_INSTALL_MANIFEST_FILES "${CMAKE_INSTALL_PREFIX}/${unit}")

if(CMAKE_INSTALL_PREFIX STREQUAL "/usr")
  foreach(file bridge.env policy.json)
    if(NOT EXISTS "$ENV{DESTDIR}/etc/gpu-lane/${file}")
      file(INSTALL "${here}/systemd/${file}" DESTINATION /etc/gpu-lane)
    endif()
  endforeach()
  file(INSTALL "${here}/debian/copyright" DESTINATION /usr/share/doc/gpu-lane)
  execute_process(COMMAND gzip -9 -n -c "${here}/debian/changelog"
    OUTPUT_FILE "$ENV{DESTDIR}/usr/share/doc/gpu-lane/changelog.gz" COMMAND_ERROR_IS_FATAL ANY)
endif()
