// FloatEnvironment gives a scope IEEE arithmetic, whatever floating-point mode the calling thread has set.
//
// TensorFlow's threads flush subnormal numbers to zero. The numpy reference keeps them, and the core's results must
// equal the reference's to the last bit. quantiser.cc and the operations open such a scope before they compute with
// real numbers.
#ifndef TFAPPROX_COMMON_CORE_FLOAT_ENVIRONMENT_H_
#define TFAPPROX_COMMON_CORE_FLOAT_ENVIRONMENT_H_

#include <cfenv>

namespace tfapprox {

class FloatEnvironment {
 public:
  // Saves the environment of this thread and sets the default one, which rounds to nearest and keeps subnormal numbers.
  FloatEnvironment() {
    std::fegetenv(&saved_);
    std::fesetenv(FE_DFL_ENV);
  }
  ~FloatEnvironment() { std::fesetenv(&saved_); }
  FloatEnvironment(const FloatEnvironment&) = delete;
  FloatEnvironment& operator=(const FloatEnvironment&) = delete;

 private:
  std::fenv_t saved_;  // the environment of the thread before this scope, which the destructor restores
};

}  // namespace tfapprox

#endif  // TFAPPROX_COMMON_CORE_FLOAT_ENVIRONMENT_H_
