// Turns products of integers into terms of bytes (P10), with as few different shifts as possible (P11).
//
// Each factor loses its minimum, which adds only a function of the other code to the product, and its greatest power of
// two, which becomes a shift. What remains is written in digits of base 256; each pair of digits becomes a term:
//
//   x - min x = 2^i * (x0 + 256 * x1)      y - min y = 2^j * y0
//
//   terms:  x0 * y0 << (i + j)     x1 * y0 << (i + j + 8)
#include <algorithm>

#include "plan_find.h"

namespace tfapprox {
namespace {

// A factor without its minimum and its power of two: v = minimum + codes * 2^shift.
struct Digits {
  uint32_t codes[256];  // what remains for each code; one of these numbers is odd unless all are 0
  uint32_t greatest;    // the maximum of `codes`
  int32_t shift;        // the exponent of the power of two
};

// Takes the minimum and the greatest power of two out of a factor.
Digits SplitOffset(const Codes& v, int32_t codes) {
  Digits result = {};
  const int32_t min = *std::min_element(v.begin(), v.begin() + codes);
  uint32_t bits = 0;
  for (int32_t i = 0; i < codes; ++i) {
    result.codes[i] = static_cast<uint32_t>(v[i]) - static_cast<uint32_t>(min);
    result.greatest = std::max(result.greatest, result.codes[i]);
    bits |= result.codes[i];
  }
  if (bits == 0) return result;
  result.shift = __builtin_ctz(bits);
  result.greatest >>= result.shift;
  for (int32_t i = 0; i < codes; ++i) result.codes[i] >>= result.shift;
  return result;
}

// Returns the number of digits of base 256 of the maximum; 0 if v is constant.
int32_t CountDigits(const Digits& v) {
  int32_t count = 0;
  for (uint32_t rest = v.greatest; rest != 0; rest >>= 8) ++count;
  return count;
}

// Returns digit `number` of each number; digit 0 is the lowest one.
Codes Digit(const Digits& v, int32_t number, int32_t codes) {
  Codes digit = {};
  for (int32_t i = 0; i < codes; ++i) digit[i] = (v.codes[i] >> (8 * number)) & 255;
  return digit;
}

// Returns how often `greatest` can be doubled without exceeding `limit`; 0 if it is 0.
int32_t Doublings(uint32_t greatest, uint32_t limit) {
  int32_t count = 0;
  while (greatest != 0 && (greatest << (count + 1)) <= limit) ++count;
  return count;
}

// A term before its shift is fixed. Doubling the feature or the coefficient takes one from the shift (P11).
struct Candidate {
  Digits feature, coefficient;  // the factors, with offsets and powers of two taken out once more
  // `feature_room` and `coefficient_room` are the numbers of doublings that keep the factors bytes, `shift` is the
  // maximum of the term's shift.
  int32_t feature_room, coefficient_room, shift;

  // Returns the minimum of the term's shift.
  int32_t LeastShift() const { return std::max(0, shift - feature_room - coefficient_room); }
};

// Returns the term of two digits, whose product is shifted by `shift`.
Candidate MakeCandidate(const Codes& feature, const Codes& coefficient, int32_t shift, int32_t codes) {
  Candidate result;
  result.feature = SplitOffset(feature, codes);
  result.coefficient = SplitOffset(coefficient, codes);
  result.feature_room = Doublings(result.feature.greatest, 255);
  result.coefficient_room = Doublings(result.coefficient.greatest, 127);
  result.shift = shift + result.feature.shift + result.coefficient.shift;
  return result;
}

// Returns the term of a candidate with a shift from LeastShift() to candidate.shift.
PlanTerm MakeTerm(const Candidate& candidate, int32_t shift, int32_t codes) {
  const int32_t doublings = candidate.shift - shift;
  const int32_t coefficient_doublings = std::min(doublings, candidate.coefficient_room);
  const int32_t feature_doublings = doublings - coefficient_doublings;
  // A coefficient above 127 has 128 subtracted: the product of the feature and 128 is a function of the activation
  // code.
  const int32_t offset = candidate.coefficient.greatest > 127 ? 128 : 0;
  PlanTerm term = {};
  term.shift = shift;
  for (int32_t i = 0; i < codes; ++i) {
    term.feature[i] = static_cast<uint8_t>(candidate.feature.codes[i] << feature_doublings);
    term.coefficient[i] = static_cast<int8_t>((candidate.coefficient.codes[i] << coefficient_doublings) - offset);
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
        // A product with a constant is a function of one code and needs no term.
        if (candidate.feature.greatest != 0 && candidate.coefficient.greatest != 0) candidates.push_back(candidate);
      }
    }
  }
  // The fewest different shifts (P11): take the smallest maximum of all shifts, give it to every term that can have it,
  // and repeat this with the terms that remain.
  std::stable_sort(candidates.begin(), candidates.end(),
                   [](const Candidate& a, const Candidate& b) { return a.shift < b.shift; });
  std::vector<PlanTerm> terms;
  while (!candidates.empty()) {
    const int32_t shift = candidates.front().shift;
    std::vector<Candidate> remaining;
    for (const Candidate& candidate : candidates) {
      if (candidate.LeastShift() > shift) {
        remaining.push_back(candidate);
      } else {
        terms.push_back(MakeTerm(candidate, shift, codes));
      }
    }
    candidates.swap(remaining);
  }
  return terms;
}

std::vector<PlanTerm> ExactTerms(int32_t codes) {
  Product product = {};
  for (int32_t i = 0; i < codes; ++i) product.x[i] = product.y[i] = i;
  return MakeTerms({product}, true, codes);
}

}  // namespace tfapprox
