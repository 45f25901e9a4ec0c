// What the programs of this folder have in common: truth tables of every kind, operations that run in parts, and the
// check that ends a program.
#ifndef TFAPPROX_TESTS_FUZZ_ATTACK_H_
#define TFAPPROX_TESTS_FUZZ_ATTACK_H_

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <random>
#include <vector>

#include "tfapprox.h"

namespace attack {

// Ends the program, as libFuzzer expects of a finding, unless `holds`.
inline void Check(bool holds, const char* rule) {
  if (holds) return;
  std::fprintf(stderr, "this must hold: %s\n", rule);
  std::abort();
}

// Sets an environment variable that the core obeys, or removes it if `value` is empty, and lets the core read it.
inline void Set(const char* name, const char* value) {
  if (*value != 0) {
    setenv(name, value, 1);
  } else {
    unsetenv(name);
  }
  tfapprox_error error;
  Check(tfapprox_settings_reload(nullptr, &error) == TFAPPROX_OK, "the settings can be read");
}

constexpr int32_t kTableKinds = 7;

// Returns the 4^num_bits entries of a table of one of the kinds for which the planner has different plans.
inline std::vector<uint16_t> MakeTable(int32_t kind, int32_t num_bits, uint32_t seed) {
  std::mt19937 random(seed);
  const uint32_t codes = 1u << num_bits, kept = ~((1u << seed % 4) - 1), factor = seed % 97;
  std::vector<uint16_t> entries;
  for (uint32_t a = 0; a < codes; ++a) {
    for (uint32_t w = 0; w < codes; ++w) {
      uint32_t product = a * w;                           // kind 0, the plan `exact`
      if (kind == 1) product = (a & kept) * w;            // a polynomial of few terms
      if (kind == 2) product += random() % 200;           // an error plane
      if (kind == 3) product = a / 4 * 7919 * (w + 1);    // at most 64 classes
      if (kind == 4) product = factor * a + w * w;        // activations and weights apart
      if (kind == 5) product = (a * w) ^ (a & w & kept);  // a polynomial of many terms
      if (kind == 6) product = random();                  // nothing but look-ups
      entries.push_back(static_cast<uint16_t>(product));
    }
  }
  return entries;
}

// Memory of exactly `bytes` bytes, aligned to 64 and full of garbage, so that AddressSanitizer sees every access
// outside of it, and so that results do not depend on zeros.
class Memory {
 public:
  explicit Memory(int64_t bytes) {
    void* memory = nullptr;
    Check(posix_memalign(&memory, 64, bytes > 0 ? bytes : 1) == 0, "memory suffices");
    memory_.reset(memory);
    std::memset(memory, 0xC5, bytes > 0 ? bytes : 1);
  }
  void* get() const { return memory_.get(); }

 private:
  struct Free {
    void operator()(void* memory) const { std::free(memory); }
  };
  std::unique_ptr<void, Free> memory_;
};

// A resolved operation with its two tensors. Elements are float or uint8_t, outputs 4 bytes.
struct Case {
  tfapprox_operation operation;
  std::vector<float> activation_reals, weight_reals;
  std::vector<uint8_t> activation_codes, weight_codes;

  const void* activations() const { return Data(activation_reals, activation_codes, operation.activation); }
  const void* weights() const { return Data(weight_reals, weight_codes, operation.weight); }
  int64_t outputs() const {
    const tfapprox_problem& p = operation.problem;
    return p.batch * p.out_height * p.out_width * p.out_channels;
  }

 private:
  static const void* Data(const std::vector<float>& reals, const std::vector<uint8_t>& codes,
                          const tfapprox_operand& operand) {
    if (operand.elements == TFAPPROX_REALS) return reals.data();
    return codes.data();
  }
};

// Fills a tensor of `count` elements for an operand: codes, or real numbers of [-1, 1) among which a few are any bits.
inline void FillTensor(const tfapprox_operand& operand, int64_t count, std::mt19937* random, std::vector<float>* reals,
                       std::vector<uint8_t>* codes) {
  for (int64_t i = 0; i < count; ++i) {
    const auto bits = static_cast<uint32_t>((*random)());
    if (operand.elements == TFAPPROX_CODES) {
      codes->push_back(static_cast<uint8_t>(bits));
    } else if (bits % 64 != 0) {
      reals->push_back(static_cast<float>(bits % 2048) / 1024.0f - 1.0f);
    } else {
      float real;
      const auto any = static_cast<uint32_t>((*random)());
      std::memcpy(&real, &any, sizeof real);
      reals->push_back(real);
    }
  }
}

}  // namespace attack

#endif  // TFAPPROX_TESTS_FUZZ_ATTACK_H_
