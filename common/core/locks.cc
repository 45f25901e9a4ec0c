// Holds the mutexes of the core, and takes all of them around fork().
#include "locks.h"

#include <pthread.h>

#include <cstdint>

namespace tfapprox {
namespace {

constexpr int kGuarded = 4;
constexpr int kCompanionBits = 4;

// Constants initialise them, so that they exist before any constructor runs, and nothing destroys them.
std::mutex mutexes[kGuarded + (1 << kCompanionBits)];

void LockAll() {
  for (std::mutex& mutex : mutexes) mutex.lock();
}

// Runs in the parent and in the child, whose only thread is a copy of the one that called fork().
void UnlockAll() {
  for (std::mutex& mutex : mutexes) mutex.unlock();
}

// Registered when the library is loaded. The C library forgets the handlers when it is unloaded.
[[maybe_unused]] const int registered = pthread_atfork(LockAll, UnlockAll, UnlockAll);

}  // namespace

std::mutex& MutexOf(Guarded guarded) { return mutexes[static_cast<int>(guarded)]; }

std::mutex& CompanionMutexOf(const tfapprox_table& table) {
  // Multiplied by 2^64 divided by the golden ratio, addresses that differ by multiples of a page spread evenly.
  const uint64_t hash = reinterpret_cast<uintptr_t>(&table) * uint64_t{0x9E3779B97F4A7C15};
  return mutexes[kGuarded + (hash >> (64 - kCompanionBits))];
}

}  // namespace tfapprox
