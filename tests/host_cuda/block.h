// Runs the threads of a block as fibers.
#ifndef TFAPPROX_TESTS_HOST_CUDA_BLOCK_H_
#define TFAPPROX_TESTS_HOST_CUDA_BLOCK_H_

#include <cstddef>
#include <functional>

namespace host_cuda {

struct Index {
  int x;
};

Index CurrentThread();
Index CurrentBlock();
unsigned char* SharedMemory();

// Work of the device, in order, done at the latest moment that waiting and the length of the queue allow. Synchronize
// returns false if some work failed.
void Queue(std::function<bool()> work);
bool Synchronize();

// Runs all blocks, one after the other. Returns false if some threads wait for others that have ended.
bool RunGrid(unsigned blocks, unsigned threads, size_t shared_bytes, const std::function<void()>& kernel);

// Waits until all threads of the block are here.
void Barrier();

// Waits until all threads of the warp are here; the last one calls compute(operands of all lanes) before they go on.
void WarpCollective(void* operands, void (*compute)(void* const* operands));

// Queues an asynchronous copy of this thread; it is done at the latest moment that waiting allows.
void QueueCopy(void* target, const void* source, size_t bytes);
void CommitCopies();
void WaitForCopies(size_t pending);

}  // namespace host_cuda

#endif  // TFAPPROX_TESTS_HOST_CUDA_BLOCK_H_
