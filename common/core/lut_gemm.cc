// The list of CPU paths, the best one first, and the choice among them.
#include "lut_gemm.h"

#include <new>
#include <string>

#include "cpu.h"
#include "error.h"
#include "settings.h"

namespace tfapprox {
namespace {

// What is compiled for a path; null pointers where the compiler cannot compile it.
struct PathCode {
  const PathKernels* kernels;
  const ElementLoops* loops;
  const GradientLoops* gradients;
};

// CMake defines TFAPPROX_HAS_<PATH> for each path that its compiler can build.
#ifdef TFAPPROX_HAS_AVX2
constexpr PathCode kAvx2 = {&kPathKernelsAvx2, &kElementLoopsAvx2, &kGradientLoopsAvx2};
#else
constexpr PathCode kAvx2 = {};
#endif
#ifdef TFAPPROX_HAS_AVX512BW
constexpr PathCode kAvx512Bw = {&kPathKernelsAvx512Bw, &kElementLoopsAvx512Bw, &kGradientLoopsAvx512Bw};
#else
constexpr PathCode kAvx512Bw = {};
#endif
#ifdef TFAPPROX_HAS_AVX512VBMI
constexpr PathCode kAvx512Vbmi = {&kPathKernelsAvx512Vbmi, &kElementLoopsAvx512Vbmi, &kGradientLoopsAvx512Vbmi};
#else
constexpr PathCode kAvx512Vbmi = {};
#endif
#ifdef TFAPPROX_HAS_NEONDOT
constexpr PathCode kNeonDot = {&kPathKernelsNeonDot, &kElementLoopsNeonDot, &kGradientLoopsNeonDot};
#else
constexpr PathCode kNeonDot = {};
#endif
#ifdef __aarch64__
constexpr PathCode kNeon = {&kPathKernelsNeon, &kElementLoopsNeon, &kGradientLoopsNeon};
#endif
#ifdef TFAPPROX_HAS_AVX512_MODEL
constexpr PathCode kAvx512VbmiModel = {&kPathKernelsAvx512VbmiModel, &kElementLoopsAvx512Model,
                                       &kGradientLoopsAvx512Model};
constexpr PathCode kAvx512BwModel = {&kPathKernelsAvx512BwModel, &kElementLoopsAvx512Model, &kGradientLoopsAvx512Model};
#endif

bool Always() { return true; }

// The lines of a path that looks up by columns and by rows: the path itself, and a line for each way.
#define TFAPPROX_PATHS(name, supported, by_default, code, costs)                                                     \
  CpuPath{                                                                                                           \
      name, supported, by_default, code.kernels, code.loops, code.gradients, &costs, name "_columns", name "_rows"}, \
      CpuPath{name "_columns", supported, false,           code.kernels, code.loops,                                 \
              code.gradients,  &costs,    name "_columns", nullptr},                                                 \
      CpuPath{name "_rows", supported, false, code.kernels, code.loops, code.gradients, &costs, nullptr, name "_rows"}

const CpuPath kPaths[] = {
#ifdef __aarch64__
    TFAPPROX_PATHS("neondot", CpuHasNeonDot, true, kNeonDot, kNeonDotCosts),
    TFAPPROX_PATHS("neon", CpuHasNeon, true, kNeon, kNeonCosts),
#else
    TFAPPROX_PATHS("avx512vbmi", CpuHasAvx512Vbmi, true, kAvx512Vbmi, kAvx512VbmiCosts),
    TFAPPROX_PATHS("avx512bw", CpuHasAvx512Bw, true, kAvx512Bw, kAvx512BwCosts),
    TFAPPROX_PATHS("avx2", CpuHasAvx2, true, kAvx2, kAvx2Costs),
#endif
    {"scalar", Always, true, &kPathKernelsScalar, &kElementLoopsScalar, &kGradientLoopsScalar, &kScalarCosts, "scalar",
     nullptr},
#ifdef TFAPPROX_HAS_AVX512_MODEL
    // These paths compile the sources of avx512vbmi and avx512bw against a model of their instructions (tests/model), so
    // that every CPU can test them.
    TFAPPROX_PATHS("avx512vbmi_model", Always, false, kAvx512VbmiModel, kAvx512VbmiCosts),
    TFAPPROX_PATHS("avx512bw_model", Always, false, kAvx512BwModel, kAvx512BwCosts),
#endif
};

// Returns the reason why a path cannot be forced, for the error message, or an empty string if it can be forced.
const char* Reason(const CpuPath& path) {
  return path.kernels == nullptr ? " (not built)" : path.supported() ? "" : " (not on this CPU)";
}

// ChooseCpuPath, which may throw std::bad_alloc.
int32_t Choose(tfapprox_error* error) {
  const std::string forced = CurrentSettings()->force_path.value_or("");
  std::string rule;
  for (const CpuPath& path : kPaths) {
    const bool is_candidate = forced.empty() ? path.by_default : path.name == forced;
    if (is_candidate && path.kernels != nullptr && path.supported()) return static_cast<int32_t>(&path - kPaths);
    rule += std::string(rule.empty() ? "" : ", ") + path.name + Reason(path);
  }
  Fail(error, TFAPPROX_INVALID_ARGUMENT, "TFAPPROX_FORCE_PATH must be one of %s; received '%s'", rule.c_str(),
       Printable(forced).c_str());
  return -1;
}

}  // namespace

int32_t ChooseCpuPath(tfapprox_error* error) {
  try {
    return Choose(error);
  } catch (const std::bad_alloc&) {
    Fail(error, TFAPPROX_RESOURCE_EXHAUSTED, "out of memory while a CPU path was chosen");
    return -1;
  }
}

const CpuPath& CpuPathAt(int32_t number) { return kPaths[number]; }

}  // namespace tfapprox

int32_t tfapprox_path(const char** name, tfapprox_error* error) {
  const int32_t path = tfapprox::ChooseCpuPath(error);
  if (path < 0) return TFAPPROX_INVALID_ARGUMENT;
  *name = tfapprox::CpuPathAt(path).name;
  return TFAPPROX_OK;
}

const char* tfapprox_cpu_family() { return tfapprox::CpuFamilyName(); }

int32_t tfapprox_path_describe(int32_t index, const char** name, int32_t* built, int32_t* supported) {
  if (index < 0 || index >= static_cast<int32_t>(sizeof tfapprox::kPaths / sizeof *tfapprox::kPaths)) {
    return TFAPPROX_NOT_FOUND;
  }
  const tfapprox::CpuPath& path = tfapprox::CpuPathAt(index);
  *name = path.name;
  *built = path.kernels != nullptr;
  *supported = path.supported();
  return TFAPPROX_OK;
}
