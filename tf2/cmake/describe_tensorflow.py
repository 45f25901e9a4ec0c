"""Prints what CMake asks of the running interpreter's TensorFlow 2: version, compile flags, link flags."""

import sys

try:
    import tensorflow as tf
except ImportError as error:
    sys.exit(str(error))

if not tf.__version__.startswith("2."):
    sys.exit(f"found TensorFlow {tf.__version__}")
print(tf.__version__)
print(" ".join(tf.sysconfig.get_compile_flags()).replace("-I", "-isystem "))
print(" ".join(tf.sysconfig.get_link_flags()))
