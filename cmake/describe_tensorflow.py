"""Prints what CMake asks of the running interpreter's TensorFlow: version, compile flags, link flags."""

import sys

try:
    import tensorflow as tf
except ImportError as error:
    sys.exit(str(error))

print(tf.__version__)
print(" ".join(tf.sysconfig.get_compile_flags()).replace("-I", "-isystem "))
print(" ".join(tf.sysconfig.get_link_flags()))
