"""The limit for the exact product: the int8 convolution of TensorFlow Lite (XNNPACK), in pairs with ours and float32.

python benchmarks/tflite.py [RESULT.json]

TensorFlow Lite takes int8 codes and gives int8 codes, and allocates nothing in a call. The operation takes and gives
float32, so that it quantises its input in each call.
"""

import statistics

import numpy as np
import tensorflow as tf
from layers import Layer
from measure import median_ratio, record, threads, times
from rich.progress import track

from tfapprox.common import pin_table
from tfapprox.tf2 import approx_conv2d_with_min_max_vars

LAYERS = [
    (Layer("ResNet-8, CIFAR", 32, 16, 3, 16, 1), 32),
    (Layer("ResNet-50", 56, 64, 3, 64, 1), 8),
    (Layer("ResNet-50", 14, 256, 3, 256, 1), 8),
]


def check_codes(interpreter):
    """Compares the output of TensorFlow Lite with the exact sums of products of its codes.

    An output code is the nearest integer to the scaled sum, from -128 to 127. TensorFlow Lite scales by float32
    numbers, so that a number near the middle between two codes may be rounded to either of them.
    """
    (taken,), (given,) = interpreter.get_input_details(), interpreter.get_output_details()
    # Of all tensors, only the filter has four dimensions and a scale for each filter.
    tensors = [tensor for tensor in interpreter.get_tensor_details() if len(tensor["shape"]) == 4]
    (kernel,) = [tensor for tensor in tensors if len(tensor["quantization_parameters"]["scales"]) > 1]
    codes, weights = (interpreter.get_tensor(tensor["index"]).astype(np.float64) for tensor in (taken, kernel))
    assert not kernel["quantization_parameters"]["zero_points"].any()
    # Doubles hold all sums of products exactly. The filter is [filters, height, width, channels].
    sums = tf.nn.conv2d(codes - taken["quantization"][1], weights.transpose(1, 2, 3, 0), 1, "SAME").numpy()
    scale, zero = given["quantization"]
    scales = taken["quantization"][0] * kernel["quantization_parameters"]["scales"].astype(np.float64) / scale
    expected = np.clip(sums * scales + zero, -128, 127)
    errors = np.abs(interpreter.get_tensor(given["index"]) - expected)
    assert errors.max() <= 0.5 + 1e-4, errors.max()


def lite(x, w):
    """A function that runs the int8 convolution, whose codes were checked; its input stays in place."""

    @tf.function(input_signature=[tf.TensorSpec(x.shape, tf.float32)])
    def convolution(x):
        return tf.nn.conv2d(x, w, 1, "SAME")

    converter = tf.lite.TFLiteConverter.from_concrete_functions([convolution.get_concrete_function()])
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: [[x]]
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    interpreter = tf.lite.Interpreter(model_content=converter.convert(), num_threads=threads())
    interpreter.allocate_tensors()
    (taken,) = interpreter.get_input_details()
    scale, zero = taken["quantization"]
    interpreter.set_tensor(taken["index"], np.clip(np.round(x / scale) + zero, -128, 127).astype(np.int8))
    interpreter.invoke()
    check_codes(interpreter)
    return interpreter.invoke


def measured(layer, batch):
    """A row: seconds of float32, of TensorFlow Lite and of the operation with the exact product, in the same rounds."""
    x, w = layer.tensors(batch)
    tensors, table = [tf.constant(x), tf.constant(w)], pin_table("mul8u_exact")
    exact = tf.function(lambda x, w: tf.nn.conv2d(x, w, 1, "SAME"))
    ours = tf.function(
        lambda x, w: approx_conv2d_with_min_max_vars(x, w, -1.0, 1.0, -1.0, 1.0, [1] * 4, "SAME", mul_map_file=table)
    )
    expected = exact(*tensors).numpy()
    # An element of the sum of products has an error of two half steps of 2 / 255.
    np.testing.assert_allclose(ours(*tensors).numpy(), expected, rtol=0, atol=layer.taps * 2 / 255)
    functions = {
        "tflite": lite(x, w),
        "exact": lambda: ours(*tensors).numpy(),
        "float32": lambda: exact(*tensors).numpy(),
    }
    taken = times(functions, rounds=31, seconds=3.0)
    medians = {f"{name}_seconds": statistics.median(seconds) for name, seconds in taken.items()}
    ratios = {f"{name}_ratio": median_ratio(taken, name, "float32") for name in ("tflite", "exact")}
    return {"layer": layer.name, "batch": batch, "threads": threads(), **medians, **ratios}


def main():
    """Measures three layers."""
    rows = [measured(*case) for case in track(LAYERS, "tflite")]
    for row in rows:
        print(f"{row['layer']}, batch {row['batch']}: tflite {row['tflite_ratio']:.2f}, exact {row['exact_ratio']:.2f}")
    record("tflite", rows, tensorflow=tf.__version__)


if __name__ == "__main__":
    main()
