// Reads the folders of multipliers from the settings, for table_load.cc and for the C interface.
#include "multiplier_folders.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <new>

#include "settings.h"
#include "tfapprox.h"

namespace tfapprox {

std::string UserMultiplierFolder() {
  const std::shared_ptr<const Settings> settings = CurrentSettings();
  const std::string data = settings->data_home.value_or(""), home = settings->home.value_or("");
  std::string folder;
  if (!data.empty() && data[0] == '/') {  // the specification says that relative paths are ignored
    folder = data;
  } else if (!home.empty()) {
    folder = home + "/.local/share";
  } else {
    return "";
  }
  return folder + "/tfapprox/multipliers";
}

std::vector<std::string> MultiplierFolders() {
  const std::string list = CurrentSettings()->multiplier_path.value_or("");
  std::vector<std::string> folders;
  for (size_t begin = 0; begin < list.size();) {
    const size_t end = std::min(list.find(':', begin), list.size());
    if (end > begin) folders.push_back(list.substr(begin, end - begin));
    begin = end + 1;
  }
  const std::string user = UserMultiplierFolder();
  if (!user.empty()) folders.push_back(user);
  return folders;
}

}  // namespace tfapprox

int32_t tfapprox_multiplier_folder(int32_t index, char* path, int32_t size) {
  try {
    const std::vector<std::string> folders = tfapprox::MultiplierFolders();
    const bool user = index == TFAPPROX_USER_FOLDER;
    if (!user && (index < 0 || static_cast<size_t>(index) >= folders.size())) return TFAPPROX_NOT_FOUND;
    const std::string folder = user ? tfapprox::UserMultiplierFolder() : folders[index];
    if (folder.empty()) return TFAPPROX_NOT_FOUND;
    if (size < 0 || folder.size() >= static_cast<size_t>(size)) return TFAPPROX_INVALID_ARGUMENT;
    std::memcpy(path, folder.c_str(), folder.size() + 1);
    return TFAPPROX_OK;
  } catch (const std::bad_alloc&) {
    return TFAPPROX_RESOURCE_EXHAUSTED;
  }
}
