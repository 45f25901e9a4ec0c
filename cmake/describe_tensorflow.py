"""Prints the version, the compile flags and the link flags of TensorFlow, one a line, for cmake/Plugin.cmake."""

import sys

try:
    import tensorflow as tf
except ImportError as error:
    sys.exit(str(error))

print(tf.__version__)
include = tf.sysconfig.get_include()
same_names = f"-ffile-prefix-map={include}=tensorflow/include"  # the headers put their own names into messages
print(" ".join([*tf.sysconfig.get_compile_flags(), same_names]).replace("-I", "-isystem "))
print(" ".join(tf.sysconfig.get_link_flags()))
