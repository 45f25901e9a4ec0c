// Finds a truth table by name or path and reads it, checked.
//
// A .bin file holds the 4^num_bits entries as little-endian uint16, or int16 if its name is that of a signed table,
// activation code first, without a header.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cctype>
#include <cerrno>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include "error.h"
#include "multiplier_folders.h"
#include "multipliers.h"
#include "settings.h"
#include "table.h"

namespace tfapprox {
namespace {

constexpr char kPin[] = "#fnv1a=";
constexpr size_t kMaxNameBytes = 4096;

int64_t FileBytes(int32_t num_bits) { return int64_t{sizeof(uint16_t)} << (2 * num_bits); }

bool IsRegularFile(const std::string& path) {
  struct stat status;
  return stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode);
}

// An open file, closed when it goes out of scope.
class File {
 public:
  // Opens a path. O_NONBLOCK keeps a FIFO without a writer, or a device, from holding up the call.
  explicit File(const std::string& path) : descriptor_(open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC)) {}
  ~File() {
    if (is_open()) close(descriptor_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  bool is_open() const { return descriptor_ >= 0; }
  bool Describe(struct stat* status) const { return fstat(descriptor_, status) == 0; }

  // Returns true if the file has exactly these bytes. Otherwise errno is 0 if the file has another length.
  bool Read(std::vector<unsigned char>* bytes) const {
    size_t count = 0;
    unsigned char beyond;
    for (;;) {
      const bool is_full = count == bytes->size();
      errno = 0;
      const ssize_t got =
          is_full ? read(descriptor_, &beyond, 1) : read(descriptor_, bytes->data() + count, bytes->size() - count);
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0 || is_full) return got == 0 && is_full;
      count += static_cast<size_t>(got);
    }
  }

 private:
  const int descriptor_;
};

int32_t ReadFile(const char* argument, const std::string& path, int32_t num_bits, uint16_t* entries,
                 tfapprox_error* error) {
  const std::string shown = Printable(path);
  const File file(path);
  struct stat status;
  if (!file.is_open() || !file.Describe(&status)) {
    const bool exists = errno == EACCES || errno == ENXIO;  // not for this user, or a socket
    return Fail(error, exists ? TFAPPROX_INVALID_ARGUMENT : TFAPPROX_NOT_FOUND,
                "%s must be a readable file; received '%s': %s", argument, shown.c_str(), std::strerror(errno));
  }
  if (!S_ISREG(status.st_mode)) {
    return Fail(error, TFAPPROX_INVALID_ARGUMENT, "%s must be a regular file; received '%s', which is %s", argument,
                shown.c_str(), S_ISDIR(status.st_mode) ? "a directory" : "not a regular file");
  }
  const int64_t expected = FileBytes(num_bits), size = status.st_size;
  if (size != expected) {
    std::string hint;
    for (int32_t bits = TFAPPROX_MIN_BITS; bits <= TFAPPROX_MAX_BITS; ++bits) {
      if (size == FileBytes(bits)) hint = " (the size of a table for num_bits=" + std::to_string(bits) + ")";
    }
    return Fail(error, TFAPPROX_INVALID_ARGUMENT,
                "%s must hold %lld bytes for num_bits=%d (4^num_bits entries of uint16); received '%s' "
                "with %lld bytes%s",
                argument, static_cast<long long>(expected), num_bits, shown.c_str(), static_cast<long long>(size),
                hint.c_str());
  }
  std::vector<unsigned char> bytes(expected);
  if (!file.Read(&bytes)) {
    return Fail(error, TFAPPROX_INVALID_ARGUMENT, "%s must be a readable file; received '%s': %s", argument,
                shown.c_str(), errno != 0 ? std::strerror(errno) : "its length changed while it was read");
  }
  for (size_t i = 0; i < bytes.size() / 2; ++i) {
    entries[i] = static_cast<uint16_t>(bytes[2 * i] | (bytes[2 * i + 1] << 8));
  }
  return TFAPPROX_OK;
}

// The path of a file of this name in the first multiplier folder that has one, or an empty string.
std::string InFolders(const std::string& file) {
  for (const std::string& folder : MultiplierFolders()) {
    std::string path = folder + "/" + file;
    if (IsRegularFile(path)) return path;
  }
  return "";
}

// Reads the file of a pinned path. If there is none, the file may have moved into a multiplier folder; the caller
// checks its content.
int32_t ReadPinnedFile(const char* argument, const std::string& path, int32_t num_bits, uint16_t* entries,
                       tfapprox_error* error) {
  struct stat status;
  if (stat(path.c_str(), &status) == 0 || errno != ENOENT) return ReadFile(argument, path, num_bits, entries, error);
  const std::string moved = InFolders(path.substr(path.rfind('/') + 1));
  if (!moved.empty()) return ReadFile(argument, moved, num_bits, entries, error);
  return Fail(error, TFAPPROX_NOT_FOUND,
              "%s must be a readable file; received '%s': %s. A file that has moved is found in a folder of %s",
              argument, Printable(path).c_str(), std::strerror(ENOENT), kPathVariable);
}

int32_t Find(const char* argument, const std::string& name, bool is_pinned, int32_t num_bits, uint16_t* entries,
             tfapprox_error* error) {
  if (name.empty()) {
    GenerateMultiplier(("mul" + std::to_string(num_bits) + "u_exact").c_str(), num_bits, entries);
    return TFAPPROX_OK;
  }
  const int32_t bits = GenerateMultiplier(name.c_str(), num_bits, entries);
  if (bits == num_bits) return TFAPPROX_OK;
  if (bits != 0) {
    return Fail(error, TFAPPROX_INVALID_ARGUMENT, "%s must fit num_bits=%d; received '%s', which has %d bits", argument,
                num_bits, Printable(name).c_str(), bits);
  }
  if (tfapprox_table_source(name.c_str()) == TFAPPROX_SOURCE_PATH) {
    return (is_pinned ? ReadPinnedFile : ReadFile)(argument, name, num_bits, entries, error);
  }
  const std::string path = InFolders(name + ".bin");
  if (!path.empty()) return ReadFile(argument, path, num_bits, entries, error);
  const std::string variable = Printable(CurrentSettings()->multiplier_path.value_or("(not set)"));
  const std::string user = Printable(UserMultiplierFolder());
  const char* hint = name.compare(0, 6, "mul8u_") != 0
                         ? ""
                         : ", which 'tfapprox multiplier import FOLDER' fills from a checkout of the original or of "
                           "EvoApproxLib";
  return Fail(error, TFAPPROX_NOT_FOUND,
              "%s must be a built-in multiplier (such as mul%du_exact or mul%du_drum4), a path, or NAME of "
              "a NAME.bin in a folder of %s or in the user's%s; received '%s', and %s=%s, user's folder %s",
              argument, num_bits, num_bits, kPathVariable, hint, Printable(name).c_str(), kPathVariable,
              variable.c_str(), user.empty() ? "(no HOME)" : user.c_str());
}

// Where the pin of a name or path begins, npos if it has none: a path may have these characters in another place.
size_t PinOf(const std::string& name) {
  const size_t digits = name.find_last_not_of("0123456789abcdef") + 1;
  const size_t pin = digits - std::strlen(kPin);
  return name.size() - digits == 16 && pin < digits && name.compare(pin, digits - pin, kPin) == 0 ? pin
                                                                                                  : std::string::npos;
}

// The width that a name or path states of a signed table, EvoApproxLib's mul<bits>s_...; 0 of any other name.
int64_t SignedBits(const char* name_or_path) {
  const char* slash = std::strrchr(name_or_path, '/');
  const char* name = slash == nullptr ? name_or_path : slash + 1;
  if (std::strncmp(name, "mul", 3) != 0 || !std::isdigit(static_cast<unsigned char>(name[3]))) return 0;
  char* end;
  const int64_t bits = std::strtol(name + 3, &end, 10);
  return std::strncmp(end, "s_", 2) == 0 ? bits : 0;
}

int32_t CheckSign(const char* argument, const char* name, int32_t num_bits, int32_t* is_signed, tfapprox_error* error) {
  const int64_t signed_bits = SignedBits(name);
  if (is_signed != nullptr) *is_signed = signed_bits != 0;
  if (signed_bits == 0 || (is_signed != nullptr && signed_bits == 8 && num_bits == 8)) return TFAPPROX_OK;
  if (is_signed == nullptr) {
    return Fail(error, TFAPPROX_INVALID_ARGUMENT,
                "%s must be a table of unsigned products; received '%s', which is signed by its name", argument,
                Printable(name).c_str());
  }
  return Fail(error, TFAPPROX_INVALID_ARGUMENT,
              "%s must be mul8s_..., for num_bits=8, if it is signed by its name; received '%s' for num_bits=%d",
              argument, Printable(name).c_str(), num_bits);
}

// A name or path, and the pin that followed it.
struct PinnedName {
  std::string name;
  std::string digits;  // 16 hexadecimal digits, or none
};

int32_t Parse(const char* argument, const std::string& pinned, int32_t num_bits, int32_t* is_signed, PinnedName* parsed,
              tfapprox_error* error) {
  if (const int32_t status = CheckNumBits(num_bits, error)) return status;
  if (pinned.size() >= kMaxNameBytes) {
    return Fail(error, TFAPPROX_INVALID_ARGUMENT, "%s must have less than %zu bytes; received %zu bytes", argument,
                kMaxNameBytes, pinned.size());
  }
  const size_t pin = PinOf(pinned);
  parsed->name = pinned.substr(0, pin);
  parsed->digits = pin == std::string::npos ? "" : pinned.substr(pin + std::strlen(kPin));
  return CheckSign(argument, parsed->name.c_str(), num_bits, is_signed, error);
}

int32_t Load(const char* argument, const PinnedName& pinned, int32_t num_bits, uint16_t* entries,
             tfapprox_error* error) {
  const bool is_pinned = !pinned.digits.empty();
  if (const int32_t status = Find(argument, pinned.name, is_pinned, num_bits, entries, error)) return status;
  if (!is_pinned) return TFAPPROX_OK;
  char digits[17];
  std::snprintf(digits, sizeof digits, "%016" PRIx64, tfapprox_table_hash(entries, num_bits));
  if (pinned.digits == digits) return TFAPPROX_OK;
  return Fail(error, TFAPPROX_INVALID_ARGUMENT,
              "%s must hold the table that the layer or operation was created with, of content hash %s; "
              "received '%s', which has been changed to one of %s",
              argument, pinned.digits.c_str(), Printable(pinned.name).c_str(), digits);
}

int32_t Open(const char* argument, const char* name_or_path, int32_t num_bits, int32_t tables,
             const tfapprox_table** table, tfapprox_error* error) {
  PinnedName pinned;
  int32_t is_signed = 0;
  int32_t* sign = tables == TFAPPROX_TABLES_ANY ? &is_signed : nullptr;
  if (const int32_t status = Parse(argument, name_or_path, num_bits, sign, &pinned, error)) return status;
  std::vector<uint16_t> entries(size_t{1} << (2 * num_bits));
  const tfapprox_table* known = pinned.digits.empty() ? nullptr
                                                      : AcquireByHash(std::strtoull(pinned.digits.c_str(), nullptr, 16),
                                                                      num_bits, is_signed != 0);
  if (known != nullptr && tables != TFAPPROX_TABLES_TUNED) {
    *table = known;
    return TFAPPROX_OK;
  }
  if (known != nullptr) {
    CopyEntries(*known, entries.data());
    tfapprox_table_release(known);
  } else if (const int32_t status = Load(argument, pinned, num_bits, entries.data(), error)) {
    return status;
  }
  if (tables == TFAPPROX_TABLES_TUNED) return tfapprox_table_acquire_tuned(entries.data(), num_bits, table, error);
  return tfapprox_table_acquire(entries.data(), num_bits, is_signed, table, error);
}

}  // namespace
}  // namespace tfapprox

int32_t tfapprox_table_source(const char* name_or_path) {
  // A width of 0 is that of no table: only the name is looked at.
  if (name_or_path[0] == '\0' || tfapprox::GenerateMultiplier(name_or_path, 0, nullptr) != 0) {
    return TFAPPROX_SOURCE_BUILT_IN;
  }
  const size_t length = std::strlen(name_or_path);
  const bool bin = length > 4 && std::strcmp(name_or_path + length - 4, ".bin") == 0;
  return bin || std::strchr(name_or_path, '/') != nullptr ? TFAPPROX_SOURCE_PATH : TFAPPROX_SOURCE_SEARCH_PATH;
}

int32_t tfapprox_name_is_signed(const char* name_or_path) { return tfapprox::SignedBits(name_or_path) != 0; }

int32_t tfapprox_table_load(const char* argument, const char* name_or_path, int32_t num_bits, uint16_t* entries,
                            int32_t* is_signed, tfapprox_error* error) {
  try {
    tfapprox::PinnedName pinned;
    if (const int32_t status = tfapprox::Parse(argument, name_or_path, num_bits, is_signed, &pinned, error)) {
      return status;
    }
    return tfapprox::Load(argument, pinned, num_bits, entries, error);
  } catch (const std::bad_alloc&) {
    return tfapprox::Fail(error, TFAPPROX_RESOURCE_EXHAUSTED, "out of memory while a table was loaded");
  }
}

int32_t tfapprox_table_open(const char* argument, const char* name_or_path, int32_t num_bits, int32_t tables,
                            const tfapprox_table** table, tfapprox_error* error) {
  try {
    return tfapprox::Open(argument, name_or_path, num_bits, tables, table, error);
  } catch (const std::bad_alloc&) {
    return tfapprox::Fail(error, TFAPPROX_RESOURCE_EXHAUSTED, "out of memory while a table was opened");
  }
}
