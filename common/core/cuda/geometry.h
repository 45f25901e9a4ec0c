// Where taps and outputs lie, in one pass over some images of the batch: what every kernel computes addresses from.
//
// Codes lie in chunks of 16 channels, whatever the layout of the input: [input_pixels + 1][chunks][16] bytes. The last
// pixel is the padding, so that a tap outside of the input is an address like any other (3.2).
#ifndef TFAPPROX_COMMON_CORE_CUDA_GEOMETRY_H_
#define TFAPPROX_COMMON_CORE_CUDA_GEOMETRY_H_

#include <cstdint>

#include "host_device.h"

namespace tfapprox {
namespace cuda {

constexpr int32_t kChunk = 16;

struct Geometry {
  int32_t in_height, in_width, in_channels;
  int32_t filter_height, filter_width, out_channels;
  int32_t stride_height, stride_width, dilation_height, dilation_width;
  int32_t pad_top, pad_left;
  int32_t out_height, out_width;
  int32_t nchw;
  int32_t chunks;                       // of a pixel
  int32_t input_pixels, output_pixels;  // of the pass
};

// The first tap of an output pixel: its image's first input pixel, row and column, which may lie outside.
struct Origin {
  int32_t image, y, x;
};

// A pixel beyond the last one has all its taps in the padding.
TFAPPROX_HOST_DEVICE inline Origin OriginOf(const Geometry& g, int32_t pixel) {
  if (pixel >= g.output_pixels) return {0, INT32_MIN, INT32_MIN};
  const int32_t row = pixel / g.out_width, image = row / g.out_height;
  return {image * g.in_height * g.in_width, (row - image * g.out_height) * g.stride_height - g.pad_top,
          (pixel - row * g.out_width) * g.stride_width - g.pad_left};
}

// The input pixel under tap (ky, kx), or the padding.
TFAPPROX_HOST_DEVICE inline int32_t InputPixel(const Geometry& g, const Origin& origin, int32_t ky, int32_t kx) {
  const int32_t y = origin.y + ky * g.dilation_height, x = origin.x + kx * g.dilation_width;
  const bool inside = y >= 0 && y < g.in_height && x >= 0 && x < g.in_width;
  return inside ? origin.image + y * g.in_width + x : g.input_pixels;
}

// The element of channel 0 in a tensor [pixels][channels] or, for NCHW, [images][channels][plane].
TFAPPROX_HOST_DEVICE inline int64_t ElementOf(const Geometry& g, int32_t pixel, int32_t plane, int32_t channels) {
  if (!g.nchw) return int64_t{pixel} * channels;
  const int32_t image = pixel / plane;
  return int64_t{image} * channels * plane + (pixel - image * plane);
}

// What walks over the chunks of a filter: tap (ky, kx), and the chunk of its channels.
struct ChunkCursor {
  int32_t ky, kx, chunk;
};

TFAPPROX_HOST_DEVICE inline ChunkCursor CursorAt(const Geometry& g, int32_t number) {
  const int32_t tap = number / g.chunks;
  return {tap / g.filter_width, tap % g.filter_width, number % g.chunks};
}

TFAPPROX_HOST_DEVICE inline void Advance(const Geometry& g, int32_t steps, ChunkCursor* cursor) {
  cursor->chunk += steps;
  while (cursor->chunk >= g.chunks) {
    cursor->chunk -= g.chunks;
    if (++cursor->kx < g.filter_width) continue;
    cursor->kx = 0;
    ++cursor->ky;
  }
}

}  // namespace cuda
}  // namespace tfapprox

#endif  // TFAPPROX_COMMON_CORE_CUDA_GEOMETRY_H_
