// Where the taps and outputs of a block of pixels lie, and the memory of a panel.
#include "panel.h"

namespace tfapprox {
namespace {

Steps StepsOf(int32_t layout, int64_t height, int64_t width, int64_t channels) {
  const int64_t image = height * width * channels;
  if (layout == TFAPPROX_LAYOUT_NHWC) return {image, width * channels, channels, 1};
  return {image, width, 1, height * width};
}

struct Pixel {
  int64_t image, row, column;
};

Pixel PixelAt(const tfapprox_conv2d& shape, int64_t index) {
  const int64_t row = index / shape.out_width;
  return {row / shape.out_height, row % shape.out_height, index % shape.out_width};
}

}  // namespace

Steps InputSteps(const tfapprox_conv2d& shape) {
  return StepsOf(shape.layout, shape.in_height, shape.in_width, shape.in_channels);
}

Steps OutputSteps(const tfapprox_conv2d& shape) {
  return StepsOf(shape.layout, shape.out_height, shape.out_width, shape.out_channels);
}

void SetOutputOffsets(const tfapprox_conv2d& shape, int64_t first, Panel* panel) {
  const Steps steps = OutputSteps(shape);
  for (int64_t p = 0; p < panel->pixels; ++p) {
    const Pixel pixel = PixelAt(shape, first + p);
    panel->output_offsets[p] = pixel.image * steps.image + pixel.row * steps.row + pixel.column * steps.column;
  }
}

void SetInputOffsets(const tfapprox_conv2d& shape, int64_t first, int64_t ky, int64_t kx, Panel* panel) {
  const Steps steps = InputSteps(shape);
  Pixel pixel = PixelAt(shape, first);
  for (int64_t p = 0; p < panel->pixels; ++p) {
    const int64_t y = pixel.row * shape.stride_height - shape.pad_top + ky * shape.dilation_height;
    const int64_t x = pixel.column * shape.stride_width - shape.pad_left + kx * shape.dilation_width;
    const bool inside = y >= 0 && y < shape.in_height && x >= 0 && x < shape.in_width;
    panel->input_offsets[p] = inside ? pixel.image * steps.image + y * steps.row + x * steps.column : -1;
    if (++pixel.column < shape.out_width) continue;
    pixel.column = 0;
    if (++pixel.row < shape.out_height) continue;
    pixel.row = 0;
    ++pixel.image;
  }
}

int64_t PanelWidth(int64_t taps) {
  int64_t width = kMaxPanelWidth;
  while (width > kMinPanelWidth && width * taps > kMaxPanelBytes) width /= 2;
  return width;
}

int64_t PanelBytes(int64_t taps) { return PanelWidth(taps) * (3 * static_cast<int64_t>(sizeof(int64_t)) + 1 + taps); }

Panel MakePanel(int64_t taps, void* memory) {
  Panel panel{};
  panel.width = PanelWidth(taps);
  panel.input_offsets = static_cast<int64_t*>(memory);
  panel.output_offsets = panel.input_offsets + panel.width;
  panel.code_sums = panel.output_offsets + panel.width;
  panel.touches_nan = reinterpret_cast<unsigned char*>(panel.code_sums + panel.width);
  panel.codes = panel.touches_nan + panel.width;
  return panel;
}

}  // namespace tfapprox
