# Defences of the libraries against errors of memory, each where compiler and linker know it, and the symbols that the
# libraries export. tests/repository/test_binaries.py reads the built libraries.
#
# _FORTIFY_SOURCE=3 acts as level 2 where the compiler or the C library has no level 3. It is left out under the
# sanitizers, which replace the same functions. Compilers that define it themselves need the -U first.
include(CheckCXXCompilerFlag)
include(CheckLinkerFlag)

set(compile_flags -fstack-protector-strong -fcf-protection=full)
if(NOT TFAPPROX_SANITIZE)
  list(APPEND compile_flags "-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3")
endif()
foreach(flags IN LISTS compile_flags)
  string(MAKE_C_IDENTIFIER "TFAPPROX_COMPILES_${flags}" known)
  check_cxx_compiler_flag("${flags}" ${known})
  if(${known})
    string(REPLACE " " "," cuda_flags "${flags}")
    add_compile_options(
      "$<$<COMPILE_LANGUAGE:CXX>:SHELL:${flags}>"
      "$<$<COMPILE_LANGUAGE:CUDA>:-Xcompiler=${cuda_flags}>"
    )
  endif()
endforeach()

# All symbols are bound when a library is loaded, and the tables of their addresses are read-only after that.
foreach(flag IN ITEMS -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack)
  string(MAKE_C_IDENTIFIER "TFAPPROX_LINKS_${flag}" known)
  check_linker_flag(CXX "${flag}" ${known})
  if(${known})
    add_link_options(${flag})
  endif()
endforeach()

# tfapprox_export_interface(TARGET): of all symbols, TARGET exports only those of the C interface. Visibility alone does
# not hide what the headers of the C++ library instantiate.
set(TFAPPROX_EXPORTS ${CMAKE_CURRENT_LIST_DIR}/exports.map)
function(tfapprox_export_interface target)
  target_link_options(${target} PRIVATE -Wl,--version-script=${TFAPPROX_EXPORTS})
  set_target_properties(${target} PROPERTIES LINK_DEPENDS ${TFAPPROX_EXPORTS})
endfunction()
