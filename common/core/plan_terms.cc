// Products of integers as terms of bytes (P10): offsets left out, powers of two as shifts, digits of base 256.
#include <algorithm>

#include "plan_find.h"

namespace tfapprox {
namespace {

// v = least + codes * 2^shift: the codes are at least 0, and one of them is odd unless all are 0.
struct Digits {
  uint32_t codes[256];
  uint32_t greatest;
  int32_t shift;
};

Digits SplitOffset(const Codes& v, int32_t codes) {
  Digits result = {};
  const int32_t least = *std::min_element(v.begin(), v.begin() + codes);
  uint32_t bits = 0;
  for (int32_t i = 0; i < codes; ++i) {
    result.codes[i] = static_cast<uint32_t>(v[i]) - static_cast<uint32_t>(least);
    result.greatest = std::max(result.greatest, result.codes[i]);
    bits |= result.codes[i];
  }
  if (bits == 0) return result;
  result.shift = __builtin_ctz(bits);
  result.greatest >>= result.shift;
  for (int32_t i = 0; i < codes; ++i) result.codes[i] >>= result.shift;
  return result;
}

int32_t CountDigits(const Digits& v) {
  int32_t count = 0;
  for (uint32_t rest = v.greatest; rest != 0; rest >>= 8) ++count;
  return count;
}

Codes Digit(const Digits& v, int32_t number, int32_t codes) {
  Codes digit = {};
  for (int32_t i = 0; i < codes; ++i) digit[i] = (v.codes[i] >> (8 * number)) & 255;
  return digit;
}

// How often `greatest` can be doubled within `limit`.
int32_t Doublings(uint32_t greatest, uint32_t limit) {
  int32_t count = 0;
  while (greatest != 0 && (greatest << (count + 1)) <= limit) ++count;
  return count;
}

// A term before its shift is fixed: any from shift - feature_room - coefficient_room to shift.
struct Candidate {
  Digits feature, coefficient;
  int32_t feature_room, coefficient_room, shift;

  int32_t LeastShift() const { return std::max(0, shift - feature_room - coefficient_room); }
};

Candidate MakeCandidate(const Codes& feature, const Codes& coefficient, int32_t shift, int32_t codes) {
  Candidate result;
  result.feature = SplitOffset(feature, codes);
  result.coefficient = SplitOffset(coefficient, codes);
  result.feature_room = Doublings(result.feature.greatest, 255);
  result.coefficient_room = Doublings(result.coefficient.greatest, 127);
  result.shift = shift + result.feature.shift + result.coefficient.shift;
  return result;
}

PlanTerm MakeTerm(const Candidate& candidate, int32_t shift, int32_t codes) {
  const int32_t doublings = candidate.shift - shift;
  const int32_t of_coefficient = std::min(doublings, candidate.coefficient_room);
  const int32_t of_feature = doublings - of_coefficient;
  // The product of the feature and the offset is a function of the activation.
  const int32_t offset = candidate.coefficient.greatest > 127 ? 128 : 0;
  PlanTerm term = {};
  term.shift = shift;
  for (int32_t i = 0; i < codes; ++i) {
    term.feature[i] = static_cast<uint8_t>(candidate.feature.codes[i] << of_feature);
    term.coefficient[i] = static_cast<int8_t>((candidate.coefficient.codes[i] << of_coefficient) - offset);
  }
  return term;
}

}  // namespace

int32_t CountTerms(const Product& product, int32_t codes) {
  return CountDigits(SplitOffset(product.x, codes)) * CountDigits(SplitOffset(product.y, codes));
}

std::vector<PlanTerm> MakeTerms(const std::vector<Product>& products, bool x_is_activation, int32_t codes) {
  std::vector<Candidate> candidates;
  for (const Product& product : products) {
    const Digits feature = SplitOffset(x_is_activation ? product.x : product.y, codes);
    const Digits coefficient = SplitOffset(x_is_activation ? product.y : product.x, codes);
    for (int32_t i = 0; i < CountDigits(feature); ++i) {
      for (int32_t j = 0; j < CountDigits(coefficient); ++j) {
        const int32_t shift = feature.shift + coefficient.shift + 8 * (i + j);
        const Candidate candidate = MakeCandidate(Digit(feature, i, codes), Digit(coefficient, j, codes), shift, codes);
        // The product of a constant is a function of one code.
        if (candidate.feature.greatest != 0 && candidate.coefficient.greatest != 0) candidates.push_back(candidate);
      }
    }
  }
  // The fewest shifts (P11): the least of the greatest ones, for all terms that can have it, and so on.
  std::stable_sort(candidates.begin(), candidates.end(),
                   [](const Candidate& a, const Candidate& b) { return a.shift < b.shift; });
  std::vector<PlanTerm> terms;
  while (!candidates.empty()) {
    const int32_t shift = candidates.front().shift;
    std::vector<Candidate> others;
    for (const Candidate& candidate : candidates) {
      if (candidate.LeastShift() > shift) {
        others.push_back(candidate);
      } else {
        terms.push_back(MakeTerm(candidate, shift, codes));
      }
    }
    candidates.swap(others);
  }
  return terms;
}

std::vector<PlanTerm> ExactTerms(int32_t codes) {
  Product product = {};
  for (int32_t i = 0; i < codes; ++i) product.x[i] = product.y[i] = i;
  return MakeTerms({product}, true, codes);
}

}  // namespace tfapprox
