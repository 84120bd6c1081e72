# SPDX-License-Identifier: Apache-2.0
# cmake -DNAME=... -DFROM=module.spv -DTO=header.h -P words.cmake: a SPIR-V module (little-endian, as
# spirv-as writes it) as an array of words.
file(READ "${FROM}" bytes HEX)
string(REGEX REPLACE "(..)(..)(..)(..)" "0x\\4\\3\\2\\1,\n" words "${bytes}")
file(WRITE "${TO}" "static const uint32_t ${NAME}[] = {\n${words}};\n")
