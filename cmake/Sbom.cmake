# The bill of materials of a wheel, by cmake/sbom.py, in the wheel's metadata (PEP 770). Its packages are those of the lock
# file of the images for the same TensorFlow, or, without TensorFlow, of requirements/runtime.txt.
if(SKBUILD_METADATA_DIR)
  set(lock runtime)
  set(built_in)
  if(TARGET axqconv)
    set(lock image-tf1)
  elseif(TARGET ApproxGPUOpsTF)
    set(lock image-tf2)
  endif()
  if(TFAPPROX_CUDA_FOUND AND NOT TFAPPROX_CUDA_MODEL)
    set(built_in "cudart_static==${CMAKE_CUDA_COMPILER_VERSION}")
    string(REPLACE image-tf2 image-tf2-cuda lock ${lock})
  endif()
  set(bill ${PROJECT_BINARY_DIR}/tfapprox.cdx.json)
  execute_process(
    COMMAND
      ${Python_EXECUTABLE} ${PROJECT_SOURCE_DIR}/cmake/sbom.py ${SKBUILD_PROJECT_VERSION}
      ${PROJECT_SOURCE_DIR}/requirements/${lock}.txt ${bill} ${built_in}
    RESULT_VARIABLE result
  )
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "tfapprox: cmake/sbom.py cannot write the bill of materials")
  endif()
  install(FILES ${bill} DESTINATION ${SKBUILD_METADATA_DIR}/sboms)
endif()
