# tfapprox_add_plugin(TARGET ROOM MAJOR OPTION SOURCE...): a plugin for the interpreter's TensorFlow, if that is MAJOR.x.
#
# OPTION is AUTO, ON or OFF; ON fails without that TensorFlow. The plugin is installed in the folder ROOM of the package,
# with a file built_for.txt that has TensorFlow's version. The wheel's metadata repeats it in built_for_tensorflow.txt.
find_package(Python REQUIRED COMPONENTS Interpreter)

function(tfapprox_add_plugin target room major option)
  set(sources ${ARGN})
  if(option STREQUAL "OFF")
    return()
  endif()
  execute_process(
    COMMAND ${Python_EXECUTABLE} ${PROJECT_SOURCE_DIR}/cmake/describe_tensorflow.py
    OUTPUT_VARIABLE description
    ERROR_VARIABLE reason
    RESULT_VARIABLE result
    OUTPUT_STRIP_TRAILING_WHITESPACE
  )
  if(NOT result EQUAL 0 OR NOT description MATCHES "^${major}\\.")
    set(message "no TensorFlow ${major} in ${Python_EXECUTABLE}, ${target} is not built")
    if(option STREQUAL "ON")
      message(FATAL_ERROR "tfapprox: ${message}: ${description}${reason}")
    endif()
    message(STATUS "tfapprox: ${message}")
    return()
  endif()
  string(REPLACE "\n" ";" description "${description}")
  list(GET description 0 version)
  list(GET description 1 compile_flags)
  list(GET description 2 link_flags)
  separate_arguments(compile_flags UNIX_COMMAND "${compile_flags}")
  separate_arguments(link_flags UNIX_COMMAND "${link_flags}")
  message(STATUS "tfapprox: ${target} for TensorFlow ${version}")

  set(operations ${PROJECT_SOURCE_DIR}/tensorflow_ops)
  list(TRANSFORM sources PREPEND ${operations}/)
  add_library(
    ${target}
    MODULE
    ${sources}
    ${operations}/cancellation.cc
    ${operations}/core_adapter.cc
    ${operations}/cpu_device.cc
  )
  # Most of the time of a compilation goes into TensorFlow's headers, which are read once for each group of sources.
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 9)
  target_include_directories(${target} PRIVATE ${operations})
  target_compile_options(${target} PRIVATE ${compile_flags} -O2 -Wall -Wno-sign-compare)
  target_link_libraries(${target} PRIVATE tfapprox_core_objects)
  if(major EQUAL 2 AND TARGET tfapprox_cuda_objects)
    target_sources(${target} PRIVATE ${operations}/gpu_device.cc)
    target_compile_definitions(${target} PRIVATE TFAPPROX_GPU)
    target_link_libraries(${target} PRIVATE tfapprox_cuda_objects)
    get_target_property(runtime tfapprox_cuda_objects CUDA_RUNTIME_LIBRARY)
    if(runtime STREQUAL "Static")
      # The runtime comes before TensorFlow, which exports a CUDA runtime of another version.
      target_link_libraries(${target} PRIVATE -lcudart_static)
    endif()
  endif()
  target_link_libraries(${target} PRIVATE ${link_flags})
  tfapprox_export_interface(${target})
  install(TARGETS ${target} LIBRARY DESTINATION tfapprox/${room})
  file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/built_for.txt "${version}\n")
  install(FILES ${CMAKE_CURRENT_BINARY_DIR}/built_for.txt DESTINATION tfapprox/${room})
  if(SKBUILD_METADATA_DIR)
    install(
      FILES ${CMAKE_CURRENT_BINARY_DIR}/built_for.txt
      DESTINATION ${SKBUILD_METADATA_DIR}
      RENAME built_for_tensorflow.txt
    )
  endif()
endfunction()
