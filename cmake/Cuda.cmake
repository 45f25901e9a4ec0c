# Finds the CUDA compiler that TFAPPROX_CUDA asks for, and sets TFAPPROX_CUDA_FOUND and the architectures.
#
# AUTO takes a compiler that CMake finds (CUDACXX, or nvcc on PATH); ON fails without one.
set(TFAPPROX_CUDA AUTO CACHE STRING "Build the CUDA kernels: AUTO (if a compiler is found), ON or OFF")
set_property(CACHE TFAPPROX_CUDA PROPERTY STRINGS AUTO ON OFF)
set(
  TFAPPROX_CUDA_ARCHS
  "7.5;8.0;8.6;8.9;9.0;10.0;12.0"
  CACHE STRING
  "Compute capabilities to compile for, ascending; the last one as PTX, too, for later GPUs"
)
set(TFAPPROX_CUDA_FOUND OFF)
if(NOT TFAPPROX_CUDA STREQUAL "OFF")
  include(CheckLanguage)
  check_language(CUDA)
  if(CMAKE_CUDA_COMPILER)
    set(TFAPPROX_CUDA_FOUND ON)
  elseif(TFAPPROX_CUDA STREQUAL "ON")
    message(FATAL_ERROR "tfapprox: TFAPPROX_CUDA=ON needs nvcc 12 or later, by CUDACXX or on PATH")
  endif()
endif()

if(TFAPPROX_CUDA_FOUND)
  string(REGEX REPLACE "[ ,;]+" ";" archs "${TFAPPROX_CUDA_ARCHS}")
  execute_process(COMMAND ${CMAKE_CUDA_COMPILER} --list-gpu-arch OUTPUT_VARIABLE known)
  set(CMAKE_CUDA_ARCHITECTURES)
  set(built)
  foreach(arch IN LISTS archs)
    string(REPLACE "." "" number ${arch})
    if(known MATCHES "compute_${number}\n")
      list(APPEND CMAKE_CUDA_ARCHITECTURES ${number}-real)
      list(APPEND built ${arch})
      set(ptx ${number}-virtual)
    else()
      message(STATUS "tfapprox: this nvcc does not know compute capability ${arch}")
    endif()
  endforeach()
  if(NOT built)
    message(FATAL_ERROR "tfapprox: TFAPPROX_CUDA_ARCHS has none that this nvcc knows; received ${TFAPPROX_CUDA_ARCHS}")
  endif()
  list(APPEND CMAKE_CUDA_ARCHITECTURES ${ptx})
  list(JOIN built ", " TFAPPROX_CUDA_BUILT)
  set(CMAKE_CUDA_STANDARD 17)
  set(CMAKE_CUDA_STANDARD_REQUIRED ON)
  set(CMAKE_CUDA_VISIBILITY_PRESET hidden)
  enable_language(CUDA)
  message(STATUS "tfapprox: CUDA kernels for ${TFAPPROX_CUDA_BUILT} by ${CMAKE_CUDA_COMPILER}")
endif()
