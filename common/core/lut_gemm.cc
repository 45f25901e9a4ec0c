// The table of CPU paths, best first, and the choice among them.
#include "lut_gemm.h"

#include <cstdlib>
#include <cstring>
#include <string>

#include "error.h"

namespace tfapprox {
namespace {

constexpr LutGemmPath kPaths[] = {
    {"scalar", [] { return true; }, LutGemmScalar, {0, 0, 0, 0, 1}},
};

}  // namespace

int32_t ChooseLutGemm(tfapprox_error* error) {
  const char* forced = std::getenv("TFAPPROX_FORCE_PATH");
  const bool any = forced == nullptr || forced[0] == '\0';
  std::string built;
  for (const LutGemmPath& path : kPaths) {
    const bool wanted = any || std::strcmp(path.name, forced) == 0;
    if (wanted && path.supported()) return static_cast<int32_t>(&path - kPaths);
    built += std::string(built.empty() ? "" : ", ") + path.name + (path.supported() ? "" : " (not on this CPU)");
  }
  Fail(error, TFAPPROX_INVALID_ARGUMENT, "TFAPPROX_FORCE_PATH must be one of %s; received '%s'", built.c_str(), forced);
  return -1;
}

const LutGemmPath& LutGemmPathAt(int32_t number) { return kPaths[number]; }

}  // namespace tfapprox

int32_t tfapprox_path(const char** name, tfapprox_error* error) {
  const int32_t path = tfapprox::ChooseLutGemm(error);
  if (path < 0) return TFAPPROX_INVALID_ARGUMENT;
  *name = tfapprox::LutGemmPathAt(path).name;
  return TFAPPROX_OK;
}
