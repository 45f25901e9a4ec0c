# The CPU paths of the core: leaf files that are compiled with the flags of their instruction set.
include(CheckCXXCompilerFlag)

# Objects of a path join the core; nothing but their kernels.h is shared. Loops on real numbers may be vectorised as if
# no one looked at the flags of exceptions, which changes no result.
function(tfapprox_add_leaf target)
  add_library(${target} OBJECT ${ARGN})
  target_include_directories(${target} PRIVATE core)
  # GCC 12 warns of its own headers of intrinsics. Its partial redundancy elimination keeps so many values alive in the
  # innermost loops that their sums no longer fit the registers.
  target_compile_options(
    ${target}
    PRIVATE
      ${options}
      -fno-trapping-math
      -Wno-uninitialized
      -Wno-maybe-uninitialized
      $<$<CXX_COMPILER_ID:GNU>:-fno-tree-pre>
  )
  if(TFAPPROX_SANITIZE)
    target_compile_options(${target} PRIVATE ${sanitizers} -g)
  endif()
  target_sources(tfapprox_core_objects INTERFACE $<TARGET_OBJECTS:${target}>)
endfunction()

# tfapprox_add_path(NAME Name FLAG...): path NAME, if the compiler knows the flags and builds for x86-64.
function(tfapprox_add_path name camel)
  string(TOUPPER ${name} upper)
  if(ARGN)
    string(REPLACE ";" " " flags "${ARGN}")
    check_cxx_compiler_flag("${flags}" TFAPPROX_KNOWS_${upper})
    if(NOT TFAPPROX_KNOWS_${upper})
      message(STATUS "tfapprox: the compiler does not know ${flags}, path ${name} is not built")
      return()
    endif()
  endif()
  tfapprox_add_leaf(tfapprox_path_${name} core/lut_gemm_${name}.cc core/element_loops.cc)
  target_compile_options(tfapprox_path_${name} PRIVATE ${ARGN})
  target_compile_definitions(
    tfapprox_path_${name}
    PRIVATE TFAPPROX_LUT_GEMM=kLutGemm${camel} TFAPPROX_ELEMENT_LOOPS=kElementLoops${camel}
  )
  target_compile_definitions(tfapprox_core_objects PRIVATE TFAPPROX_HAS_${upper})
endfunction()

# The source of path avx512vbmi on a model of its instructions, for tests.
function(tfapprox_add_avx512_model)
  tfapprox_add_leaf(tfapprox_path_avx512vbmi_model core/lut_gemm_avx512vbmi.cc)
  target_include_directories(tfapprox_path_avx512vbmi_model BEFORE PRIVATE ${PROJECT_SOURCE_DIR}/tests/model)
  target_compile_definitions(tfapprox_path_avx512vbmi_model PRIVATE TFAPPROX_LUT_GEMM=kLutGemmAvx512VbmiModel)
  target_compile_definitions(tfapprox_core_objects PRIVATE TFAPPROX_HAS_AVX512VBMI_MODEL)
endfunction()
