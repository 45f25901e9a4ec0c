// The built-in multipliers are published constructions that are evaluated on every pair of operands.
//
// A construction is a function of the activation code a, of the weight code w, and of up to two parameters that are
// part of the multiplier's name. table_load.cc asks for a multiplier by name; the list at the end is shown to users.
#include "multipliers.h"

#include <cctype>
#include <cstring>

#include "tfapprox.h"

namespace tfapprox {
namespace {

constexpr int kMaxParameters = 2;

// Returns the product; only its low 16 bits are stored.
using Construction = uint32_t (*)(uint32_t a, uint32_t w, const int32_t* parameters);

uint32_t Exact(uint32_t a, uint32_t w, const int32_t*) { return a * w; }

uint32_t SignedExact(uint32_t a, uint32_t w, const int32_t*) {
  return static_cast<uint32_t>(static_cast<int8_t>(a) * static_cast<int8_t>(w));
}

// Returns the position of the most significant bit of x that is 1; x is not 0.
int32_t LeadingOne(uint32_t x) { return 31 - __builtin_clz(x); }

// H. R. Mahdiani et al., "Bio-inspired imprecise computational blocks for efficient VLSI implementation of
// soft-computing applications", IEEE TCAS-I 57(4), 2010. Row j of the array adds a << j where bit j of w is set.
// Cells right of the vertical break (columns i + j < v) and above the horizontal break (rows j < h) are left out.
uint32_t BrokenArray(uint32_t a, uint32_t w, const int32_t* parameters) {
  const int32_t h = parameters[0], v = parameters[1];
  uint32_t product = 0;
  for (int32_t j = h; j < TFAPPROX_MAX_BITS; ++j) {
    if ((w >> j) & 1) product += ((a << j) >> v) << v;
  }
  return product;
}

// M. J. Schulte and E. E. Swartzlander, "Truncated multiplication with correction constant", VLSI Signal
// Processing VI, 1993, here without the constant: the k least significant columns are left out.
uint32_t Truncated(uint32_t a, uint32_t w, const int32_t* parameters) {
  const int32_t breaks[kMaxParameters] = {0, parameters[0]};
  return BrokenArray(a, w, breaks);
}

// J. N. Mitchell, "Computer multiplication and division using binary logarithms", IRE Trans. EC-11(4), 1962.
// With a = 2^ka (1 + xa) and w = 2^kw (1 + xw): 2^(ka+kw) (1 + xa + xw) if xa + xw < 1, else 2^(ka+kw+1) (xa + xw).
uint32_t Mitchell(uint32_t a, uint32_t w, const int32_t*) {
  if (a == 0 || w == 0) return 0;
  const int32_t ka = LeadingOne(a), kw = LeadingOne(w);
  const uint32_t one = 1u << (ka + kw);
  const uint32_t fractions = ((a - (1u << ka)) << kw) + ((w - (1u << kw)) << ka);  // (xa + xw) 2^(ka+kw)
  return fractions < one ? one + fractions : 2 * fractions;
}

// S. Hashemi, R. I. Bahar and S. Reda, "DRUM: a dynamic range unbiased multiplier for approximate applications",
// ICCAD 2015. An operand keeps the k bits from its leading one downwards, and the lowest of these is set to remove the
// bias.
uint32_t DrumOperand(uint32_t x, int32_t k) {
  if (x < (1u << k)) return x;
  const int32_t shift = LeadingOne(x) - k + 1;
  return ((x >> shift) | 1) << shift;
}

uint32_t Drum(uint32_t a, uint32_t w, const int32_t* parameters) {
  return DrumOperand(a, parameters[0]) * DrumOperand(w, parameters[0]);
}

// P. Kulkarni, P. Gupta and M. Ercegovac, "Trading accuracy for power with an underdesigned multiplier
// architecture", VLSI Design 2011. Exact adders sum up the products of blocks of 2 x 2 bits, in which 3 * 3 = 7.
uint32_t Kulkarni(uint32_t a, uint32_t w, const int32_t*) {
  uint32_t product = 0;
  for (int32_t i = 0; i < TFAPPROX_MAX_BITS; i += 2) {
    for (int32_t j = 0; j < TFAPPROX_MAX_BITS; j += 2) {
      const uint32_t x = (a >> i) & 3, y = (w >> j) & 3;
      product += (x == 3 && y == 3 ? 7 : x * y) << (i + j);
    }
  }
  return product;
}

// All multipliers of one construction.
struct Family {
  const char* pattern;                  // the name after "mul<bits>"; each # stands for a parameter, a decimal number
  int32_t least[kMaxParameters];        // the minimum of each parameter
  int32_t most_factor[kMaxParameters];  // the maximum of each parameter, divided by the number of operand bits
  Construction construction;            // a pattern that begins with s takes signed operands, which have 8 bits
};

constexpr Family kFamilies[] = {
    {"u_exact", {0, 0}, {0, 0}, Exact},
    {"u_1JFF", {0, 0}, {0, 0}, Exact},  // EvoApproxLib's name of the exact multiplier, used by TFApprox
    {"u_trunc#", {0, 0}, {2, 0}, Truncated},
    {"u_bam_h#_v#", {0, 0}, {1, 2}, BrokenArray},
    {"u_mitchell", {0, 0}, {0, 0}, Mitchell},
    {"u_drum#", {2, 0}, {1, 0}, Drum},
    {"u_kulkarni", {0, 0}, {0, 0}, Kulkarni},
    {"s_exact", {0, 0}, {0, 0}, SignedExact},
    {"s_1KV8", {0, 0}, {0, 0}, SignedExact},  // EvoApproxLib's name of the exact signed multiplier
};

// A line of the list that users see.
struct Entry {
  const char* name;
  const char* description;
};

// The list names 8-bit multipliers only. Every other number of bits and every other parameter of a family can be loaded
// by its name as well.
constexpr Entry kListed[] = {
    {"mul8u_exact", "exact product"},
    {"mul8u_1JFF", "exact product, under the name that EvoApproxLib and TFApprox use"},
    {"mul8u_trunc2", "truncated: the 2 least significant columns left out"},
    {"mul8u_trunc4", "truncated: the 4 least significant columns left out"},
    {"mul8u_trunc6", "truncated: the 6 least significant columns left out"},
    {"mul8u_trunc8", "truncated: the 8 least significant columns left out"},
    {"mul8u_bam_h1_v5", "broken array: 1 row and 5 columns left out"},
    {"mul8u_bam_h2_v6", "broken array: 2 rows and 6 columns left out"},
    {"mul8u_bam_h3_v8", "broken array: 3 rows and 8 columns left out"},
    {"mul8u_mitchell", "Mitchell's logarithmic multiplier"},
    {"mul8u_drum3", "DRUM: 3 leading bits of each operand, unbiased"},
    {"mul8u_drum4", "DRUM: 4 leading bits of each operand, unbiased"},
    {"mul8u_drum5", "DRUM: 5 leading bits of each operand, unbiased"},
    {"mul8u_drum6", "DRUM: 6 leading bits of each operand, unbiased"},
    {"mul8u_kulkarni", "Kulkarni: exact sums of 2x2-bit blocks with 3 * 3 = 7"},
    {"mul8s_exact", "exact product of signed operands"},
    {"mul8s_1KV8", "exact product of signed operands, under the name that EvoApproxLib uses"},
};
constexpr int32_t kListedCount = sizeof kListed / sizeof kListed[0];

// Reads a decimal number of one or two digits without a leading zero and moves `*text` behind it; returns -1 if the
// text does not begin with a digit.
int32_t ReadNumber(const char** text) {
  const char* digits = *text;
  if (!std::isdigit(static_cast<unsigned char>(digits[0]))) return -1;
  int32_t number = digits[0] - '0';
  *text = digits + 1;
  if (number != 0 && std::isdigit(static_cast<unsigned char>(digits[1]))) {
    number = 10 * number + (digits[1] - '0');
    *text = digits + 2;
  }
  return number;
}

// Returns true if `text`, the name after "mul<bits>", has the pattern of the family and its parameters are in their
// ranges; writes the parameters.
bool Match(const Family& family, const char* text, int32_t bits, int32_t* parameters) {
  int32_t count = 0;
  for (const char* pattern = family.pattern; *pattern != '\0'; ++pattern) {
    if (*pattern != '#') {
      if (*text++ != *pattern) return false;
      continue;
    }
    const int32_t number = ReadNumber(&text);
    if (number < family.least[count] || number > bits * family.most_factor[count]) return false;
    parameters[count++] = number;
  }
  return *text == '\0';
}

}  // namespace

int32_t GenerateMultiplier(const char* name, int32_t num_bits, uint16_t* entries) {
  if (std::strncmp(name, "mul", 3) != 0) return 0;
  const char* text = name + 3;
  const int32_t bits = ReadNumber(&text);
  if (bits < (*text == 's' ? TFAPPROX_MAX_BITS : TFAPPROX_MIN_BITS) || bits > TFAPPROX_MAX_BITS) return 0;
  for (const Family& family : kFamilies) {
    int32_t parameters[kMaxParameters] = {0, 0};
    if (!Match(family, text, bits, parameters)) continue;
    if (bits == num_bits) {
      for (uint32_t pair = 0; pair < 1u << (2 * bits); ++pair) {
        const uint32_t a = pair >> bits, w = pair & ((1u << bits) - 1);
        entries[pair] = static_cast<uint16_t>(family.construction(a, w, parameters));
      }
    }
    return bits;
  }
  return 0;
}

}  // namespace tfapprox

int32_t tfapprox_multiplier_describe(int32_t index, const char** name, const char** description) {
  if (index < 0 || index >= tfapprox::kListedCount) return TFAPPROX_NOT_FOUND;
  *name = tfapprox::kListed[index].name;
  *description = tfapprox::kListed[index].description;
  return TFAPPROX_OK;
}
