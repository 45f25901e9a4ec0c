// Keeps the settings, so that the environment is not read while another thread changes it.
#include "settings.h"

#include <cstdlib>
#include <new>

#include "error.h"
#include "locks.h"

namespace tfapprox {
namespace {

// The caller has the lock. Never destroyed: a plugin may call after this library's static destructors have run.
std::shared_ptr<const Settings>& Kept() {
  static auto* kept = new std::shared_ptr<const Settings>;
  return *kept;
}

std::optional<std::string> Copy(const char* value) {
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

std::shared_ptr<const Settings> CopyOf(const tfapprox_settings& values) {
  return std::make_shared<const Settings>(Settings{Copy(values.force_path), Copy(values.plan),
                                                   Copy(values.multiplier_path), Copy(values.data_home),
                                                   Copy(values.home)});
}

std::shared_ptr<const Settings> ReadEnvironment() {
  return CopyOf({std::getenv("TFAPPROX_FORCE_PATH"), std::getenv("TFAPPROX_PLAN"),
                 std::getenv("TFAPPROX_MULTIPLIER_PATH"), std::getenv("XDG_DATA_HOME"), std::getenv("HOME")});
}

}  // namespace

std::shared_ptr<const Settings> CurrentSettings() {
  const std::lock_guard<std::mutex> lock(MutexOf(Guarded::kSettings));
  std::shared_ptr<const Settings>& kept = Kept();
  if (kept == nullptr) kept = ReadEnvironment();
  return kept;
}

}  // namespace tfapprox

int32_t tfapprox_settings_reload(const tfapprox_settings* settings, tfapprox_error* error) {
  try {
    const auto made = settings == nullptr ? tfapprox::ReadEnvironment() : tfapprox::CopyOf(*settings);
    const std::lock_guard<std::mutex> lock(tfapprox::MutexOf(tfapprox::Guarded::kSettings));
    tfapprox::Kept() = made;
    return TFAPPROX_OK;
  } catch (const std::bad_alloc&) {
    return tfapprox::Fail(error, TFAPPROX_RESOURCE_EXHAUSTED, "out of memory for the settings");
  }
}
