// Fibers. makecontext begins one, and _setjmp and _longjmp switch, which is about ten times faster than swapcontext.
#include "block.h"

#include <fenv.h>
#include <setjmp.h>
#include <ucontext.h>

#include <cstring>
#include <deque>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace host_cuda {
namespace {

constexpr size_t kStackBytes = 128 << 10;
constexpr size_t kMaxShared = 227 << 10;
constexpr unsigned kMaxThreads = 1024, kWarp = 32;

struct Copy {
  void* target;
  const void* source;
  size_t bytes;
};

struct Fiber {
  std::unique_ptr<char[]> stack{new char[kStackBytes]};
  ucontext_t context;
  jmp_buf state;
  bool begun, ended;
  std::vector<Copy> open;
  std::deque<std::vector<Copy>> groups;
};

struct Warp {
  unsigned arrived, generation;
  void* operands[kWarp];
};

// One launch at a time: the queue's lock is held.
struct Block {
  std::vector<Fiber> fibers{kMaxThreads};
  Warp warps[kMaxThreads / kWarp];
  alignas(128) unsigned char shared[kMaxShared];
  jmp_buf scheduler;
  const std::function<void()>* kernel;
  unsigned threads, block, current;
  unsigned arrived, generation;
  unsigned events;  // arrivals and ends: a round without one is a deadlock
};

Block& TheBlock() {
  static Block* block = new Block;
  return *block;
}

// The number of pieces of work that wait for the device. Like a driver, Queue does not return before the rest is done.
constexpr size_t kMaxQueued = 1024;

struct Stream {
  std::mutex mutex;
  std::deque<std::function<bool()>> work;
  bool ran = true;

  // Does the oldest work until `count` pieces are left.
  void WorkUntil(size_t count) {
    fenv_t callers;
    fegetenv(&callers);
    fesetenv(FE_DFL_ENV);  // a GPU keeps subnormal numbers, whatever the caller's thread does with them
    for (; work.size() > count; work.pop_front()) ran = work.front()() && ran;
    fesetenv(&callers);
  }
};

Stream& TheStream() {
  static Stream* stream = new Stream;
  return *stream;
}

Fiber& Current() { return TheBlock().fibers[TheBlock().current]; }

void Yield() {
  if (_setjmp(Current().state) == 0) _longjmp(TheBlock().scheduler, 1);
}

void RunFiber() {
  (*TheBlock().kernel)();
  Current().ended = true;
  ++TheBlock().events;
  _longjmp(TheBlock().scheduler, 1);
}

void Resume(unsigned thread) {
  Block& block = TheBlock();
  block.current = thread;
  Fiber& fiber = block.fibers[thread];
  if (_setjmp(block.scheduler) != 0) return;
  if (fiber.begun) _longjmp(fiber.state, 1);
  fiber.begun = true;
  getcontext(&fiber.context);
  fiber.context.uc_stack.ss_sp = fiber.stack.get();
  fiber.context.uc_stack.ss_size = kStackBytes;
  fiber.context.uc_link = nullptr;
  makecontext(&fiber.context, RunFiber, 0);
  setcontext(&fiber.context);
}

bool RunBlock(size_t shared_bytes) {
  Block& block = TheBlock();
  std::memset(block.shared, 0x5a, shared_bytes);
  std::memset(block.warps, 0, sizeof block.warps);
  block.arrived = block.generation = 0;
  for (unsigned i = 0; i < block.threads; ++i) {
    Fiber& fiber = block.fibers[i];
    fiber.begun = fiber.ended = false;
    fiber.open.clear();
    fiber.groups.clear();
  }
  // Every other round runs backwards, so that no order among the threads is relied on.
  bool forward = true;
  for (unsigned running = block.threads; running != 0; forward = !forward) {
    const unsigned before = block.events;
    running = 0;
    for (unsigned i = 0; i < block.threads; ++i) {
      const unsigned thread = forward ? i : block.threads - 1 - i;
      if (!block.fibers[thread].ended) Resume(thread);
      running += !block.fibers[thread].ended;
    }
    if (running != 0 && block.events == before) return false;
  }
  return true;
}

}  // namespace

Index CurrentThread() { return {static_cast<int>(TheBlock().current)}; }
Index CurrentBlock() { return {static_cast<int>(TheBlock().block)}; }
unsigned char* SharedMemory() { return TheBlock().shared; }

void Queue(std::function<bool()> work) {
  const std::lock_guard<std::mutex> lock(TheStream().mutex);
  TheStream().work.push_back(std::move(work));
  TheStream().WorkUntil(kMaxQueued);
}

bool Synchronize() {
  const std::lock_guard<std::mutex> lock(TheStream().mutex);
  TheStream().WorkUntil(0);
  return std::exchange(TheStream().ran, true);
}

bool RunGrid(unsigned blocks, unsigned threads, size_t shared_bytes, const std::function<void()>& kernel) {
  Block& block = TheBlock();
  if (threads > kMaxThreads || shared_bytes > kMaxShared) return false;
  block.kernel = &kernel;
  block.threads = threads;
  for (block.block = 0; block.block < blocks; ++block.block) {
    if (!RunBlock(shared_bytes)) return false;
  }
  return true;
}

void Barrier() {
  Block& block = TheBlock();
  const unsigned generation = block.generation;
  ++block.events;
  if (++block.arrived == block.threads) {
    block.arrived = 0;
    ++block.generation;
  }
  while (block.generation == generation) Yield();
}

void WarpCollective(void* operands, void (*compute)(void* const* operands)) {
  Block& block = TheBlock();
  Warp& warp = block.warps[block.current / kWarp];
  const unsigned generation = warp.generation;
  ++block.events;
  warp.operands[block.current % kWarp] = operands;
  if (++warp.arrived == kWarp) {
    compute(warp.operands);
    warp.arrived = 0;
    ++warp.generation;
  }
  while (warp.generation == generation) Yield();
}

void QueueCopy(void* target, const void* source, size_t bytes) { Current().open.push_back({target, source, bytes}); }

void CommitCopies() {
  Current().groups.emplace_back();
  Current().groups.back().swap(Current().open);
}

void WaitForCopies(size_t pending) {
  Fiber& fiber = Current();
  for (; fiber.groups.size() > pending; fiber.groups.pop_front()) {
    for (const Copy& copy : fiber.groups.front()) std::memcpy(copy.target, copy.source, copy.bytes);
  }
}

}  // namespace host_cuda
