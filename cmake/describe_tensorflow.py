"""Prints what CMake asks of the running interpreter's TensorFlow: version, compile flags, link flags."""

import sys

try:
    import tensorflow as tf
except ImportError as error:
    sys.exit(str(error))

print(tf.__version__)
include = tf.sysconfig.get_include()
same_names = f"-ffile-prefix-map={include}=tensorflow/include"  # its headers put theirs into messages
print(" ".join([*tf.sysconfig.get_compile_flags(), same_names]).replace("-I", "-isystem "))
print(" ".join(tf.sysconfig.get_link_flags()))
