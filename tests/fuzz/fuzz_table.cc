// Fuzzes names, pins, folders and files of truth tables: whatever they are, the core reads the table or explains in a
// message why it does not.
#include <fuzzer/FuzzedDataProvider.h>
#include <unistd.h>

#include <cinttypes>
#include <string>

#include "attack.h"

namespace {

using attack::Check;

// A folder that the program makes when it starts, and removes, with the file in it, when it ends.
class Folder {
 public:
  Folder() { Check(mkdtemp(path_) != nullptr, "a temporary folder can be made"); }
  ~Folder() {
    unlink(file.c_str());
    rmdir(path_);
  }
  const char* path() const { return path_; }
  void Write(const std::string& name, const std::string& content) {
    unlink(file.c_str());
    file = std::string(path_) + "/" + name;
    std::FILE* out = std::fopen(file.c_str(), "wb");
    Check(out != nullptr, "the file can be written");
    Check(std::fwrite(content.data(), 1, content.size(), out) == content.size(), "the file can be written");
    std::fclose(out);
  }

  std::string file;

 private:
  char path_[32] = "/tmp/tfapprox-fuzz-XXXXXX";
};

struct Loaded {
  int32_t status, is_signed;
  std::vector<uint16_t> entries;
};

Loaded Load(const std::string& name, int32_t num_bits, bool takes_signed = true) {
  Loaded loaded{0, 0, std::vector<uint16_t>(size_t{1} << 16)};
  tfapprox_error error;
  std::memset(&error, 0x55, sizeof error);
  loaded.status = tfapprox_table_load("table", name.c_str(), num_bits, loaded.entries.data(),
                                      takes_signed ? &loaded.is_signed : nullptr, &error);
  if (loaded.status != TFAPPROX_OK) {
    Check(std::memchr(error.message, 0, sizeof error.message) != nullptr, "a message ends");
    const char* argument = num_bits < TFAPPROX_MIN_BITS || num_bits > TFAPPROX_MAX_BITS ? "num_bits " : "table ";
    Check(std::strncmp(error.message, argument, std::strlen(argument)) == 0, "a message begins with the argument");
  }
  return loaded;
}

// The path of a file of the right size must give its entries, and only with the pin of its content.
void LoadFile(const std::string& path, const std::string& content, int32_t num_bits) {
  const Loaded loaded = Load(path, num_bits);
  const bool fits = num_bits >= 2 && num_bits <= 8 && content.size() == size_t{2} << 2 * num_bits;
  Check(fits || loaded.status != TFAPPROX_OK, "a file of another size is refused");
  if (loaded.status != TFAPPROX_OK) return;
  for (size_t i = 0; i < content.size() / 2; ++i) {
    const auto low = static_cast<uint8_t>(content[2 * i]), high = static_cast<uint8_t>(content[2 * i + 1]);
    Check(loaded.entries[i] == (low | high << 8), "the entries are those of the file");
  }
  const uint64_t hash = tfapprox_table_hash(loaded.entries.data(), num_bits);
  char pin[32];
  std::snprintf(pin, sizeof pin, "#fnv1a=%016" PRIx64, hash);
  Check(Load(path + pin, num_bits).status == TFAPPROX_OK, "the right pin is taken");
  std::snprintf(pin, sizeof pin, "#fnv1a=%016" PRIx64, hash ^ 1);
  Check(Load(path + pin, num_bits).status != TFAPPROX_OK, "a wrong pin is refused");
  Check(!loaded.is_signed || Load(path, num_bits, false).status != TFAPPROX_OK, "signed tables can be refused");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  static Folder folder;
  FuzzedDataProvider data(bytes, size);
  const int32_t num_bits = data.ConsumeIntegralInRange<int32_t>(-1, 10);
  attack::Set("TFAPPROX_MULTIPLIER_PATH", folder.path());
  attack::Set("XDG_DATA_HOME", folder.path());
  if (data.ConsumeBool()) {
    const bool fits = data.ConsumeBool() && num_bits >= 0;
    const size_t length = fits ? size_t{2} << 2 * num_bits : data.ConsumeIntegralInRange<size_t>(0, 140000);
    const std::string name = data.ConsumeBool() ? "mul8s_x.bin" : "mul8u_x.bin";
    std::string content = data.ConsumeRemainingBytesAsString();
    content.resize(length, 'x');
    folder.Write(name, content);
    LoadFile(folder.file, content, num_bits);
    Load(name.substr(0, name.size() - 4), num_bits);
    return 0;
  }
  if (data.ConsumeBool()) {
    attack::Set("TFAPPROX_MULTIPLIER_PATH", data.ConsumeRandomLengthString(5000).c_str());
    attack::Set("XDG_DATA_HOME", data.ConsumeRandomLengthString(50).c_str());
  }
  const std::string name = data.ConsumeRandomLengthString(data.ConsumeBool() ? 64 : 6000).c_str();
  Load(name, num_bits, data.ConsumeBool());
  tfapprox_table_source(name.c_str());
  tfapprox_name_is_signed(name.c_str());
  for (int32_t index = -2; index < 5; ++index) {
    const int32_t room = data.ConsumeIntegralInRange<int32_t>(0, 64);
    const attack::Memory path(room);
    tfapprox_multiplier_folder(index, static_cast<char*>(path.get()), room);
  }
  return 0;
}
