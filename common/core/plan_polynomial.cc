// Finds the plan polynomial: a table as a polynomial in the bits of one operand (P8). Most circuits need few terms.
#include <map>
#include <numeric>

#include "plan_find.h"

namespace tfapprox {
namespace {

// One of the four polynomials of a table that are tried.
struct Variant {
  bool bits_of_activation;  // whether the bits are taken from the activation code; otherwise, from the weight code
  bool of_error;            // whether it is a polynomial of T - a * w, with a * w as one more product; otherwise, of T
};

// Turns values[x][y], a function of the code x for each y, into the coefficients c_S[y] of (P8) in place. A coefficient
// is at most 2^8 * 65,535, and the magnitudes of all coefficients of one y add up to at most 3^8 * 65,535 < 2^31.
void Moebius(std::vector<Codes>* values, int32_t codes) {
  for (int32_t bit = 1; bit < codes; bit *= 2) {
    for (int32_t set = 0; set < codes; ++set) {
      if (!(set & bit)) continue;
      for (int32_t y = 0; y < codes; ++y) (*values)[set][y] -= (*values)[set ^ bit][y];
    }
  }
}

// Writes y as factor * result + y[0], where the numbers of `result` have no common divisor and the first one that is
// not 0 is positive. Returns the factor, or 0 if y is constant.
int32_t Primitive(const Codes& y, int32_t codes, Codes* result) {
  int32_t factor = 0;
  for (int32_t i = 0; i < codes && factor != 1; ++i) factor = std::gcd(factor, y[i] - y[0]);
  if (factor == 0) return 0;
  int32_t first = 0;
  while (y[first] == y[0]) ++first;
  if (y[first] < y[0]) factor = -factor;
  *result = {};
  for (int32_t i = 0; i < codes; ++i) (*result)[i] = (y[i] - y[0]) / factor;
  return factor;
}

// Returns products whose sum is T, except for functions of one code. Factor x is a function of the operand whose bits
// are used.
std::vector<Product> Polynomial(const tfapprox_table& table, Variant variant) {
  const int32_t codes = 1 << table.num_bits;
  std::vector<Codes> values(codes);
  for (int32_t x = 0; x < codes; ++x) {
    values[x] = {};
    for (int32_t y = 0; y < codes; ++y) {
      values[x][y] = variant.bits_of_activation ? table.product(x, y) : table.product(y, x);
      if (variant.of_error) values[x][y] -= table.exact_product(x, y);
    }
  }
  Moebius(&values, codes);

  // Sets whose coefficients are the same up to a factor and a constant share a product (P9). Set 0 is a function of y
  // only.
  std::map<Codes, Product> products;
  for (int32_t set = 1; set < codes; ++set) {
    Codes y;
    const int32_t factor = Primitive(values[set], codes, &y);
    if (factor == 0) continue;
    Product& product = products.emplace(y, Product{{}, y}).first->second;
    for (int32_t x = 0; x < codes; ++x) product.x[x] += (x & set) == set ? factor : 0;
  }
  std::vector<Product> result;
  if (variant.of_error) {
    result.emplace_back();
    for (int32_t x = 0; x < codes; ++x) result.back().x[x] = result.back().y[x] = x;
  }
  for (const auto& product : products) result.push_back(product.second);
  return result;
}

}  // namespace

// The variant with the fewest terms is taken.
std::optional<Plan> FindPolynomial(const tfapprox_table& table) {
  const int32_t codes = 1 << table.num_bits;
  std::vector<Product> best;
  bool bits_of_activation = true;
  int32_t min_terms = kMaxPlanTerms + 1;
  for (const Variant variant : {Variant{true, false}, {false, false}, {true, true}, {false, true}}) {
    std::vector<Product> products = Polynomial(table, variant);
    int32_t terms = 0;
    for (const Product& product : products) terms += CountTerms(product, codes);
    if (terms >= min_terms) continue;
    min_terms = terms;
    best.swap(products);
    bits_of_activation = variant.bits_of_activation;
  }
  if (min_terms > kMaxPlanTerms) return std::nullopt;
  std::vector<PlanTerm> terms = MakeTerms(best, bits_of_activation, codes);
  return TermsPlan(PlanKind::kPolynomial, std::move(terms), table, &tfapprox_table::product);
}

}  // namespace tfapprox
