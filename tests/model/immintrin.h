// A model of the AVX2 and AVX-512 instructions that the paths avx512bw and avx512vbmi use, in plain C++.
//
// With this folder before the compiler's own headers, CMake builds the sources of these paths once more as avx512bw_model
// and avx512vbmi_model (TFAPPROX_AVX512_MODEL), which check them bit for bit on CPUs without these instructions.
// Semantics after Intel's Intrinsics Guide: lanes in order, masks from bit 0. An instruction that a source begins to use
// must be added here.
#ifndef TFAPPROX_TESTS_MODEL_IMMINTRIN_H_
#define TFAPPROX_TESTS_MODEL_IMMINTRIN_H_

#include "integers.h"
#include "reals.h"

#endif  // TFAPPROX_TESTS_MODEL_IMMINTRIN_H_
