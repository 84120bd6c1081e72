# SPDX-License-Identifier: Apache-2.0
# The programs, each wrapped so that the Vulkan drivers are those of the same nixpkgs: a driver of
# another libc would not load. A caller's own VK_DRIVER_FILES counts before that.
{
  lib,
  stdenv,
  cmake,
  ninja,
  pkg-config,
  makeWrapper,
  glslang,
  spirv-tools,
  scdoc,
  vulkan-headers,
  vulkan-loader,
  mesa,
  libdrm,
  pciutils,
  cjson,
  curl,
  openssl,
  libseccomp,
  source,
}:
stdenv.mkDerivation {
  pname = "gpu-lane";
  version = "0.1.0";
  src = source;

  strictDeps = true;
  nativeBuildInputs = [
    cmake
    ninja
    pkg-config
    makeWrapper
    glslang
    spirv-tools
    scdoc
  ];
  buildInputs = [
    vulkan-headers
    spirv-tools
    libdrm
    pciutils
    cjson
    curl
    openssl
    libseccomp
  ];

  cmakeBuildType = "RelWithDebInfo";
  cmakeFlags = [ "-DLANE_TESTS=OFF" ];
  # The build defines _FORTIFY_SOURCE itself, and takes a second definition for the error that it is.
  hardeningDisable = [
    "fortify"
    "fortify3"
  ];

  # The loader is opened by its name at run time. It goes on the run path and not into
  # LD_LIBRARY_PATH, which drivers and what a job starts would inherit.
  postFixup = ''
    for program in $out/bin/* $out/libexec/gpu-lane/*; do
      patchelf --add-rpath ${lib.makeLibraryPath [ vulkan-loader ]} "$program"
    done
    drivers=$(echo ${mesa}/share/vulkan/icd.d/*_icd.*.json | tr ' ' ':')
    for program in $out/bin/*; do
      wrapProgram "$program" --set-default VK_DRIVER_FILES "$drivers"
    done
  '';

  meta = {
    description = "GPU lanes for CI runners: probe, canary and lease bridge";
    homepage = "https://github.com/tinyland-inc/gpu-lane";
    license = lib.licenses.asl20;
    platforms = lib.platforms.linux;
    mainProgram = "gpu-canary";
  };
}
