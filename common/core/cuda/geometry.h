// The geometry of a pass, from which every kernel computes the addresses of taps and outputs.
//
// A pass is a part of the work that covers some images of the batch. Its codes lie in chunks of 16 channels, whatever
// the layout of the input: [input_pixels + 1][chunks][16] bytes.
//
//                     chunk 0          chunk 1
//   pixel 0           c0 ... c15       c16 ... c18 0 ... 0         19 channels, for example
//   pixel 1           c0 ... c15       c16 ... c18 0 ... 0
//   ...
//   input_pixels      the code of padding in every channel         a tap outside of the input has this address (3.2)
//
// A chunk of a filter is the chunk of one tap position (ky, kx); filter chunks are numbered
// (ky * filter_width + kx) * chunks + chunk.
#ifndef TFAPPROX_COMMON_CORE_CUDA_GEOMETRY_H_
#define TFAPPROX_COMMON_CORE_CUDA_GEOMETRY_H_

#include <cstdint>

#include "host_device.h"

namespace tfapprox {
namespace cuda {

// The channels of a chunk.
constexpr int32_t kChunk = 16;

// The sizes of the convolution, as in tfapprox_problem, and of the pass. The channels are those that the pass covers:
// of all of the tensor or, if a pass covers one convolution group (3.6), of this group.
struct Geometry {
  int32_t in_height, in_width, in_channels;  // of one image
  int32_t filter_height, filter_width, out_channels;
  int32_t all_in_channels, all_out_channels;  // of the whole tensors
  int32_t stride_height, stride_width, dilation_height, dilation_width;
  int32_t pad_top, pad_left;  // rows and columns of padding before the input; may be negative (5.3)
  int32_t out_height, out_width;
  int32_t out_stride_height, out_stride_width;  // steps in the output tensor between two outputs
  int32_t out_first_row, out_first_column;      // of the output tensor
  int32_t tensor_height, tensor_width;          // of the output tensor
  int32_t nchw;                                 // 1 if input and output lie in layout NCHW, 0 for NHWC
  int32_t chunks;                               // the number of chunks of a pixel
  int32_t input_pixels, output_pixels;          // the number of pixels of all images of the pass
};

// The position of the first tap of an output pixel.
struct Origin {
  // `image` is the number of the first input pixel of the image; row `y` and column `x` may lie outside of the image.
  int32_t image, y, x;
};

// Returns the origin of an output pixel. A pixel beyond the last one gets an origin from which all taps are padding.
TFAPPROX_HOST_DEVICE inline Origin OriginOf(const Geometry& g, int32_t pixel) {
  if (pixel >= g.output_pixels) return {0, INT32_MIN, INT32_MIN};
  const int32_t row = pixel / g.out_width, image = row / g.out_height;
  return {image * g.in_height * g.in_width, (row - image * g.out_height) * g.stride_height - g.pad_top,
          (pixel - row * g.out_width) * g.stride_width - g.pad_left};
}

// Returns the number of the input pixel under tap (ky, kx), or input_pixels, the padding.
TFAPPROX_HOST_DEVICE inline int32_t InputPixel(const Geometry& g, const Origin& origin, int32_t ky, int32_t kx) {
  const int32_t y = origin.y + ky * g.dilation_height, x = origin.x + kx * g.dilation_width;
  const bool inside = y >= 0 && y < g.in_height && x >= 0 && x < g.in_width;
  return inside ? origin.image + y * g.in_width + x : g.input_pixels;
}

// Returns the index of channel 0 of a pixel in a tensor [pixels][channels] or, in layout NCHW,
// [images][channels][plane], where `plane` is the number of pixels of an image.
TFAPPROX_HOST_DEVICE inline int64_t ElementOf(const Geometry& g, int32_t pixel, int32_t plane, int32_t channels) {
  if (!g.nchw) return int64_t{pixel} * channels;
  const int32_t image = pixel / plane;
  return int64_t{image} * channels * plane + (pixel - image * plane);
}

// Returns the index of channel 0 of an output pixel in the output tensor.
TFAPPROX_HOST_DEVICE inline int64_t OutputElementOf(const Geometry& g, int32_t pixel) {
  int32_t position = pixel;
  if (g.out_stride_height != 1 || g.out_stride_width != 1) {
    const int32_t row = pixel / g.out_width, image = row / g.out_height;
    const int32_t y = g.out_first_row + (row - image * g.out_height) * g.out_stride_height;
    const int32_t x = g.out_first_column + (pixel - row * g.out_width) * g.out_stride_width;
    position = (image * g.tensor_height + y) * g.tensor_width + x;
  }
  return ElementOf(g, position, g.tensor_height * g.tensor_width, g.all_out_channels);
}

// Returns the distance of two channels of an output pixel in the output tensor.
TFAPPROX_HOST_DEVICE inline int64_t OutputStep(const Geometry& g) {
  return g.nchw ? int64_t{g.tensor_height} * g.tensor_width : 1;
}

// A place among the chunks of a filter: tap position (ky, kx), and a chunk of its channels.
struct ChunkCursor {
  int32_t ky, kx, chunk;
};

// Returns the place of filter chunk `number`.
TFAPPROX_HOST_DEVICE inline ChunkCursor CursorAt(const Geometry& g, int32_t number) {
  const int32_t tap = number / g.chunks;
  return {tap / g.filter_width, tap % g.filter_width, number % g.chunks};
}

// Moves a cursor on by `steps` chunks.
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
