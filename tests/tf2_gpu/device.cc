// A device GPU:0 for TensorFlow whose memory is the host's, for the plugin that has the model of CUDA (host_cuda).
//
// TensorFlow does with it all that it does with a GPU: places operations, copies tensors, allocates, makes streams.
// Kernels wait in the model's queue until a copy or an event asks for them, because this device is the plugin's stream.
// TensorFlow's own GPU kernels must not be placed on it.
#include <cstdlib>
#include <cstring>

#include "tensorflow/c/experimental/stream_executor/stream_executor.h"
#include "tfapprox_cuda.h"

namespace {

constexpr uint64_t kMemory = uint64_t{1} << 30;

void* Allocate(uint64_t size) { return size > kMemory ? nullptr : std::aligned_alloc(256, (size + 255) / 256 * 256); }

void Wait(TF_Status* status) {
  tfapprox_error error;
  if (tfapprox_cuda_synchronize(&error) != TFAPPROX_OK) TF_SetStatus(status, TF_INTERNAL, error.message);
}

void Copy(void* target, const void* source, uint64_t size, TF_Status* status) {
  Wait(status);
  std::memcpy(target, source, size);
}

void Fill(void* target, uint32_t pattern, uint64_t step, uint64_t size, TF_Status* status) {
  Wait(status);
  for (uint64_t i = 0; i < size; i += step) std::memcpy(static_cast<char*>(target) + i, &pattern, step);
}

template <typename Handle>
void Create(const SP_Device*, Handle* handle, TF_Status*) {
  *handle = reinterpret_cast<Handle>(std::malloc(1));
}

template <typename Handle>
void Destroy(const SP_Device*, Handle handle) {
  std::free(handle);
}

void FillStreamExecutor(SP_StreamExecutor* executor) {
  executor->allocate = [](const SP_Device*, uint64_t size, int64_t, SP_DeviceMemoryBase* memory) {
    memory->struct_size = SP_DEVICE_MEMORY_BASE_STRUCT_SIZE;
    memory->opaque = Allocate(size);
    memory->size = memory->opaque == nullptr ? 0 : size;
  };
  executor->deallocate = [](const SP_Device*, SP_DeviceMemoryBase* memory) { std::free(memory->opaque); };
  executor->host_memory_allocate = [](const SP_Device*, uint64_t size) { return Allocate(size); };
  executor->host_memory_deallocate = [](const SP_Device*, void* memory) { std::free(memory); };
  executor->get_allocator_stats = [](const SP_Device*, SP_AllocatorStats*) -> TF_Bool { return 0; };
  executor->device_memory_usage = [](const SP_Device*, int64_t* free, int64_t* total) -> TF_Bool {
    *free = *total = kMemory;
    return 1;
  };
  executor->create_stream = Create<SP_Stream>;
  executor->destroy_stream = Destroy<SP_Stream>;
  executor->create_stream_dependency = [](const SP_Device*, SP_Stream, SP_Stream, TF_Status* status) { Wait(status); };
  executor->get_stream_status = [](const SP_Device*, SP_Stream, TF_Status*) {};
  executor->create_event = Create<SP_Event>;
  executor->destroy_event = Destroy<SP_Event>;
  executor->get_event_status = [](const SP_Device*, SP_Event) { return SE_EVENT_COMPLETE; };
  executor->record_event = [](const SP_Device*, SP_Stream, SP_Event, TF_Status* status) { Wait(status); };
  executor->wait_for_event = [](const SP_Device*, SP_Stream, SP_Event, TF_Status* status) { Wait(status); };
  executor->create_timer = Create<SP_Timer>;
  executor->destroy_timer = Destroy<SP_Timer>;
  executor->start_timer = [](const SP_Device*, SP_Stream, SP_Timer, TF_Status*) {};
  executor->stop_timer = [](const SP_Device*, SP_Stream, SP_Timer, TF_Status*) {};
  executor->memcpy_dtoh = [](const SP_Device*, SP_Stream, void* target, const SP_DeviceMemoryBase* source,
                             uint64_t size, TF_Status* status) { Copy(target, source->opaque, size, status); };
  executor->memcpy_htod = [](const SP_Device*, SP_Stream, SP_DeviceMemoryBase* target, const void* source,
                             uint64_t size, TF_Status* status) { Copy(target->opaque, source, size, status); };
  executor->memcpy_dtod = [](const SP_Device*, SP_Stream, SP_DeviceMemoryBase* target,
                             const SP_DeviceMemoryBase* source, uint64_t size,
                             TF_Status* status) { Copy(target->opaque, source->opaque, size, status); };
  executor->sync_memcpy_dtoh = [](const SP_Device*, void* target, const SP_DeviceMemoryBase* source, uint64_t size,
                                  TF_Status* status) { Copy(target, source->opaque, size, status); };
  executor->sync_memcpy_htod = [](const SP_Device*, SP_DeviceMemoryBase* target, const void* source, uint64_t size,
                                  TF_Status* status) { Copy(target->opaque, source, size, status); };
  executor->sync_memcpy_dtod = [](const SP_Device*, SP_DeviceMemoryBase* target, const SP_DeviceMemoryBase* source,
                                  uint64_t size,
                                  TF_Status* status) { Copy(target->opaque, source->opaque, size, status); };
  executor->block_host_for_event = [](const SP_Device*, SP_Event, TF_Status* status) { Wait(status); };
  executor->block_host_until_done = [](const SP_Device*, SP_Stream, TF_Status* status) { Wait(status); };
  executor->synchronize_all_activity = [](const SP_Device*, TF_Status* status) { Wait(status); };
  executor->mem_zero = [](const SP_Device*, SP_Stream, SP_DeviceMemoryBase* memory, uint64_t size, TF_Status* status) {
    Fill(memory->opaque, 0, 1, size, status);
  };
  executor->memset = [](const SP_Device*, SP_Stream, SP_DeviceMemoryBase* memory, uint8_t pattern, uint64_t size,
                        TF_Status* status) { Fill(memory->opaque, pattern, 1, size, status); };
  executor->memset32 = [](const SP_Device*, SP_Stream, SP_DeviceMemoryBase* memory, uint32_t pattern, uint64_t size,
                          TF_Status* status) { Fill(memory->opaque, pattern, 4, size, status); };
  executor->host_callback = [](const SP_Device*, SP_Stream, SE_StatusCallbackFn callback, void* argument) -> TF_Bool {
    TF_Status* status = TF_NewStatus();
    Wait(status);
    callback(argument, status);
    TF_DeleteStatus(status);
    return 1;
  };
}

void FillPlatform(SP_PlatformFns* functions) {
  functions->get_device_count = [](const SP_Platform*, int* count, TF_Status*) { *count = 1; };
  functions->create_device = [](const SP_Platform*, SE_CreateDeviceParams* params, TF_Status*) {
    params->device->ordinal = params->ordinal;
    params->device->hardware_name = "model of a GPU";
    params->device->device_vendor = "tests";
    params->device->pci_bus_id = "0000:00:00.0";
  };
  functions->destroy_device = [](const SP_Platform*, SP_Device*) {};
  functions->create_device_fns = [](const SP_Platform*, SE_CreateDeviceFnsParams* params, TF_Status*) {
    params->device_fns->get_numa_node = [](const SP_Device*) { return -1; };
    params->device_fns->get_memory_bandwidth = [](const SP_Device*) { return int64_t{-1}; };
    params->device_fns->get_gflops = [](const SP_Device*) { return -1.0; };
  };
  functions->destroy_device_fns = [](const SP_Platform*, SP_DeviceFns*) {};
  functions->create_stream_executor = [](const SP_Platform*, SE_CreateStreamExecutorParams* params, TF_Status*) {
    FillStreamExecutor(params->stream_executor);
  };
  functions->destroy_stream_executor = [](const SP_Platform*, SP_StreamExecutor*) {};
  functions->create_timer_fns = [](const SP_Platform*, SP_TimerFns* timer, TF_Status*) {
    timer->nanoseconds = [](SP_Timer) { return uint64_t{0}; };
  };
  functions->destroy_timer_fns = [](const SP_Platform*, SP_TimerFns*) {};
}

}  // namespace

void SE_InitPlugin(SE_PlatformRegistrationParams* params, TF_Status*) {
  params->platform->struct_size = SP_PLATFORM_STRUCT_SIZE;
  params->platform->name = "TFAPPROX_MODEL";
  params->platform->type = "GPU";
  params->platform->use_bfc_allocator = 1;
  params->platform->force_memory_growth = 1;
  params->platform_fns->struct_size = SP_PLATFORM_FNS_STRUCT_SIZE;
  FillPlatform(params->platform_fns);
  params->destroy_platform = [](SP_Platform*) {};
  params->destroy_platform_fns = [](SP_PlatformFns*) {};
}
