// The settings of the core, which come from environment variables or from the caller; see tfapprox_settings.
#ifndef TFAPPROX_COMMON_CORE_SETTINGS_H_
#define TFAPPROX_COMMON_CORE_SETTINGS_H_

#include <memory>
#include <optional>
#include <string>

namespace tfapprox {

// One value of each setting; no value where the variable is not set.
struct Settings {
  std::optional<std::string> force_path, plan, multiplier_path, data_home, home;
};

// Returns the settings in force, which stay as they are while the caller holds them, whatever another thread sets.
// Reads the environment if nothing has set them so far. Throws std::bad_alloc.
std::shared_ptr<const Settings> CurrentSettings();

}  // namespace tfapprox

#endif  // TFAPPROX_COMMON_CORE_SETTINGS_H_
