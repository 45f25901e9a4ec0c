// The folders where a multiplier that is not built in is looked up by its name; called by table_load.cc.
#ifndef TFAPPROX_COMMON_CORE_MULTIPLIER_FOLDERS_H_
#define TFAPPROX_COMMON_CORE_MULTIPLIER_FOLDERS_H_

#include <string>
#include <vector>

namespace tfapprox {

constexpr char kPathVariable[] = "TFAPPROX_MULTIPLIER_PATH";

// tfapprox/multipliers in the folder of the user's data (XDG Base Directory Specification); empty if there is no HOME.
std::string UserMultiplierFolder();

// Those of the variable, in order, then the user's.
std::vector<std::string> MultiplierFolders();

}  // namespace tfapprox

#endif  // TFAPPROX_COMMON_CORE_MULTIPLIER_FOLDERS_H_
