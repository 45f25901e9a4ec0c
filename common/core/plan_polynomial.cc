// Tables as polynomials in the bits of one operand (P8), which most circuits are with few terms.
#include <map>
#include <numeric>

#include "plan_find.h"

namespace tfapprox {
namespace {

// The polynomial of a table, of which four are tried.
struct Variant {
  bool bits_of_activation;  // or of the weight
  bool of_error;            // T less the exact product, which becomes one more product
};

// values[S][y] becomes c_S[y] (P8): at most 2^8 * 65,535, and all of one y together at most 3^8 * 65,535 < 2^31.
void Moebius(std::vector<Codes>* values, int32_t codes) {
  for (int32_t bit = 1; bit < codes; bit *= 2) {
    for (int32_t set = 0; set < codes; ++set) {
      if (!(set & bit)) continue;
      for (int32_t y = 0; y < codes; ++y) (*values)[set][y] -= (*values)[set ^ bit][y];
    }
  }
}

// y = factor * result + constant, with the smallest integers; 0 if y is constant.
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

  // Sets whose coefficients are proportional share a product (P9).
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

std::optional<Plan> FindPolynomial(const tfapprox_table& table) {
  const int32_t codes = 1 << table.num_bits;
  std::vector<Product> best;
  bool bits_of_activation = true;
  int32_t least = kMaxPlanTerms + 1;
  for (const Variant variant : {Variant{true, false}, {false, false}, {true, true}, {false, true}}) {
    std::vector<Product> products = Polynomial(table, variant);
    int32_t terms = 0;
    for (const Product& product : products) terms += CountTerms(product, codes);
    if (terms >= least) continue;
    least = terms;
    best.swap(products);
    bits_of_activation = variant.bits_of_activation;
  }
  if (least > kMaxPlanTerms) return std::nullopt;
  std::vector<PlanTerm> terms = MakeTerms(best, bits_of_activation, codes);
  return TermsPlan(PlanKind::kPolynomial, std::move(terms), table, &tfapprox_table::product);
}

}  // namespace tfapprox
