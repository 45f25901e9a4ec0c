// The folders in which a multiplier that is not built in is searched for by its name.
//
// table_load.cc searches them; Python asks for them through the C interface, because an imported multiplier must be
// stored where every operation looks for it.
#ifndef TFAPPROX_COMMON_CORE_MULTIPLIER_FOLDERS_H_
#define TFAPPROX_COMMON_CORE_MULTIPLIER_FOLDERS_H_

#include <string>
#include <vector>

namespace tfapprox {

// The environment variable that lists folders, separated by colons.
constexpr char kPathVariable[] = "TFAPPROX_MULTIPLIER_PATH";

// Returns tfapprox/multipliers in the folder of the user's data (XDG Base Directory Specification), or an empty string
// if neither XDG_DATA_HOME nor HOME says where that is.
std::string UserMultiplierFolder();

// Returns the folders of the variable in their order, followed by the user's folder.
std::vector<std::string> MultiplierFolders();

}  // namespace tfapprox

#endif  // TFAPPROX_COMMON_CORE_MULTIPLIER_FOLDERS_H_
