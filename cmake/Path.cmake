# The CPU paths of the core: leaf files, each compiled with the flags of its own instruction set.
include(CheckCXXCompilerFlag)

# tfapprox_add_leaf(CORE TARGET SOURCE...): objects TARGET, which become part of CORE and are compiled with its options.
function(tfapprox_add_leaf core target)
  add_library(${target} OBJECT ${ARGN})
  target_include_directories(${target} PRIVATE $<TARGET_PROPERTY:${core},INCLUDE_DIRECTORIES>)
  # No result depends on floating-point exception flags, and loops on real numbers vectorise only when they are ignored.
  # GCC 12 warns about its own headers of intrinsics. Its partial redundancy elimination keeps so many values alive in
  # the innermost loops that their sums no longer fit the registers.
  target_compile_options(
    ${target}
    PRIVATE
      $<TARGET_PROPERTY:${core},COMPILE_OPTIONS>
      -fno-trapping-math
      -Wno-uninitialized
      -Wno-maybe-uninitialized
      $<$<CXX_COMPILER_ID:GNU>:-fno-tree-pre>
      -Wno-psabi
  )
  target_sources(${core} INTERFACE $<TARGET_OBJECTS:${target}>)
endfunction()

# tfapprox_add_path(CORE NAME CAMEL FLAG...): path NAME of CORE, where the compiler knows the flags. CAMEL is the name as
# it appears in the identifiers of C++, such as kPathKernelsAvx2.
function(tfapprox_add_path core name camel)
  string(TOUPPER ${name} upper)
  if(ARGN)
    string(REPLACE ";" " " flags "${ARGN}")
    check_cxx_compiler_flag("${flags}" TFAPPROX_KNOWS_${upper})
    if(NOT TFAPPROX_KNOWS_${upper})
      message(STATUS "tfapprox: the compiler does not know ${flags}, path ${name} is not built")
      return()
    endif()
  endif()
  tfapprox_add_leaf(${core} tfapprox_path_${name} core/lut_gemm_${name}.cc core/element_loops.cc core/gradient_loops.cc)
  target_compile_options(tfapprox_path_${name} PRIVATE ${ARGN})
  target_compile_definitions(
    tfapprox_path_${name}
    PRIVATE
      TFAPPROX_PATH_KERNELS=kPathKernels${camel}
      TFAPPROX_ELEMENT_LOOPS=kElementLoops${camel}
      TFAPPROX_GRADIENT_LOOPS=kGradientLoops${camel}
  )
  target_compile_definitions(${core} PRIVATE TFAPPROX_HAS_${upper})
endfunction()

# tfapprox_add_avx512_model(CORE MODEL): the sources of the paths with AVX-512, for tests on any CPU. The folder MODEL has
# an immintrin.h that computes their instructions in plain C++.
function(tfapprox_add_avx512_model core model)
  # The loops around the kernels are the same for both paths.
  set(loops core/element_loops.cc core/gradient_loops.cc)
  foreach(path IN ITEMS Avx512Bw Avx512Vbmi)
    string(TOLOWER ${path} name)
    set(target tfapprox_path_${name}_model)
    tfapprox_add_leaf(${core} ${target} core/lut_gemm_${name}.cc ${loops})
    set(loops)
    target_include_directories(${target} BEFORE PRIVATE ${model})
    target_compile_definitions(
      ${target}
      PRIVATE
        __AVX__
        __AVX2__
        __AVX512F__
        __AVX512BW__
        __AVX512DQ__
        __AVX512VL__
        TFAPPROX_PATH_KERNELS=kPathKernels${path}Model
        TFAPPROX_ELEMENT_LOOPS=kElementLoopsAvx512Model
        TFAPPROX_GRADIENT_LOOPS=kGradientLoopsAvx512Model
    )
  endforeach()
  target_compile_definitions(${core} PRIVATE TFAPPROX_HAS_AVX512_MODEL)
endfunction()
