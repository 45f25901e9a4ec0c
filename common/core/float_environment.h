// IEEE arithmetic for a scope, whatever the calling thread has set.
//
// TensorFlow's threads flush subnormal numbers to zero; the reference does not, and results must be equal to the bit.
#ifndef TFAPPROX_COMMON_CORE_FLOAT_ENVIRONMENT_H_
#define TFAPPROX_COMMON_CORE_FLOAT_ENVIRONMENT_H_

#include <cfenv>

namespace tfapprox {

class FloatEnvironment {
 public:
  FloatEnvironment() {
    std::fegetenv(&saved_);
    std::fesetenv(FE_DFL_ENV);
  }
  ~FloatEnvironment() { std::fesetenv(&saved_); }
  FloatEnvironment(const FloatEnvironment&) = delete;
  FloatEnvironment& operator=(const FloatEnvironment&) = delete;

 private:
  std::fenv_t saved_;
};

}  // namespace tfapprox

#endif  // TFAPPROX_COMMON_CORE_FLOAT_ENVIRONMENT_H_
