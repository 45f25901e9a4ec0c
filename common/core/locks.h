// The mutexes of the core.
//
// They lie in one place so that handlers of fork() can take all of them: a child that is forked while another thread of
// its parent is in the core inherits free mutexes and complete data. A thread that holds one of them takes no other
// one, except in fork().
#ifndef TFAPPROX_COMMON_CORE_LOCKS_H_
#define TFAPPROX_COMMON_CORE_LOCKS_H_

#include <mutex>

#include "tfapprox.h"

namespace tfapprox {

// What a mutex protects.
enum class Guarded { kSettings, kTables, kTunedTables, kDeviceTables };

std::mutex& MutexOf(Guarded guarded);

// Returns the mutex of what is computed from a table and kept beside it. A few mutexes serve all tables.
std::mutex& CompanionMutexOf(const tfapprox_table& table);

}  // namespace tfapprox

#endif  // TFAPPROX_COMMON_CORE_LOCKS_H_
