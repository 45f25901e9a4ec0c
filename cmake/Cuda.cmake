# Looks for the CUDA compiler that TFAPPROX_CUDA asks for, and enables the language CUDA where it is found. It sets
# TFAPPROX_CUDA_FOUND, whether the kernels are built, and TFAPPROX_CUDA_BUILT, the GPUs that they are for, in words.
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
option(TFAPPROX_CUDA_MODEL "Compile the CUDA kernels for the CPU instead, which tests them without a GPU" OFF)

# tfapprox_check_nvcc(FOUND REASON): sets the variable FOUND to whether there is an nvcc that can compile the kernels,
# and REASON to why there is none.
function(tfapprox_check_nvcc found reason)
  include(CheckLanguage)
  check_language(CUDA)
  set(${found} OFF PARENT_SCOPE)
  if(NOT CMAKE_CUDA_COMPILER)
    set(${reason} "there is none that works in CUDACXX or on PATH" PARENT_SCOPE)
    return()
  endif()
  execute_process(COMMAND ${CMAKE_CUDA_COMPILER} --version OUTPUT_VARIABLE version)
  string(REGEX MATCH "release ([0-9]+)" version "${version}")
  if(CMAKE_MATCH_1 LESS 12)
    set(${reason} "${CMAKE_CUDA_COMPILER} is of ${version}" PARENT_SCOPE)
    return()
  endif()
  set(${found} ON PARENT_SCOPE)
endfunction()

# tfapprox_choose_architectures(ARCHITECTURES NAMES ARCH...): of the compute capabilities ARCH..., such as 8.6, those that
# the compiler knows. Sets the variable ARCHITECTURES to them as CMAKE_CUDA_ARCHITECTURES has them, and NAMES to a list.
function(tfapprox_choose_architectures architectures names)
  execute_process(COMMAND ${CMAKE_CUDA_COMPILER} --list-gpu-arch OUTPUT_VARIABLE known)
  set(real)
  set(ptx)
  set(built)
  foreach(arch IN LISTS ARGN)
    string(REPLACE "." "" number ${arch})
    if(known MATCHES "compute_${number}\n")
      list(APPEND real ${number}-real)
      list(APPEND built ${arch})
      set(ptx ${number}-virtual)
    else()
      message(STATUS "tfapprox: this nvcc does not know compute capability ${arch}")
    endif()
  endforeach()
  set(${architectures} ${real} ${ptx} PARENT_SCOPE)
  set(${names} ${built} PARENT_SCOPE)
endfunction()

# tfapprox_model_cuda(TARGET MODEL): compiles the kernels of TARGET for the CPU, by the host's compiler. The folder MODEL
# has a cuda_runtime.h that runs them.
function(tfapprox_model_cuda target model)
  get_target_property(sources ${target} SOURCES)
  list(FILTER sources INCLUDE REGEX "\\.cu$")
  set_source_files_properties(${sources} PROPERTIES LANGUAGE CXX COMPILE_OPTIONS "-x;c++")
  target_sources(${target} PRIVATE ${model}/block.cc)
  target_include_directories(${target} BEFORE PRIVATE ${model})
  # Fibers jump between stacks, which the fortified longjmp of some distributions refuses.
  target_compile_options(${target} PRIVATE -U_FORTIFY_SOURCE -Wno-unknown-pragmas)
endfunction()

# tfapprox_name_cuda_sources(TARGET): makes the names of the kernels of TARGET the same in every folder. nvcc puts a hash
# of a source's path into the names of its anonymous namespaces. The frontend takes the last path that it is given.
# The process ids of nvcc that remain are in a symbol of each object file, which stripping a library removes.
function(tfapprox_name_cuda_sources target)
  get_target_property(sources ${target} SOURCES)
  list(FILTER sources INCLUDE REGEX "\\.cu$")
  foreach(source IN LISTS sources)
    set_source_files_properties(${source} PROPERTIES COMPILE_OPTIONS "-Xcudafe=--orig_src_path_name=${source}")
  endforeach()
endfunction()

set(TFAPPROX_CUDA_FOUND OFF)
if(TFAPPROX_CUDA_MODEL)
  set(TFAPPROX_CUDA_FOUND ON)
  set(TFAPPROX_CUDA_BUILT "the host")
elseif(NOT TFAPPROX_CUDA STREQUAL "OFF")
  tfapprox_check_nvcc(TFAPPROX_CUDA_FOUND TFAPPROX_CUDA_REASON)
  if(NOT TFAPPROX_CUDA_FOUND)
    string(PREPEND TFAPPROX_CUDA_REASON "the CUDA kernels need nvcc 12 or later: ")
    if(TFAPPROX_CUDA STREQUAL "ON")
      message(FATAL_ERROR "tfapprox: TFAPPROX_CUDA=ON, and ${TFAPPROX_CUDA_REASON}")
    endif()
    message(STATUS "tfapprox: ${TFAPPROX_CUDA_REASON}; they are not built")
  endif()
endif()

if(TFAPPROX_CUDA_FOUND AND NOT TFAPPROX_CUDA_MODEL)
  string(REGEX REPLACE "[ ,;]+" ";" TFAPPROX_CUDA_BUILT "${TFAPPROX_CUDA_ARCHS}")
  tfapprox_choose_architectures(CMAKE_CUDA_ARCHITECTURES TFAPPROX_CUDA_BUILT ${TFAPPROX_CUDA_BUILT})
  if(NOT TFAPPROX_CUDA_BUILT)
    message(FATAL_ERROR "tfapprox: TFAPPROX_CUDA_ARCHS has none that this nvcc knows; received ${TFAPPROX_CUDA_ARCHS}")
  endif()
  list(JOIN TFAPPROX_CUDA_BUILT ", " TFAPPROX_CUDA_BUILT)
  set(CMAKE_CUDA_STANDARD 17)
  set(CMAKE_CUDA_STANDARD_REQUIRED ON)
  set(CMAKE_CUDA_VISIBILITY_PRESET hidden)
  enable_language(CUDA)
  message(STATUS "tfapprox: CUDA kernels for ${TFAPPROX_CUDA_BUILT} by ${CMAKE_CUDA_COMPILER}")
endif()
