"""Refuses a TensorFlow that this package cannot use, before any other module of the package fails with less to say."""

import tensorflow as tf

from tfapprox.backends import operations_for

OLDEST = (2, 16)  # the first one with Keras 3

if tuple(map(int, tf.__version__.split(".")[:2])) < OLDEST:
    ELSEWHERE = operations_for("1.14")[0]
    raise ImportError(
        "tfapprox.tf2 has the operations and Keras layers for TensorFlow 2.16 and later; received TensorFlow "
        f"{tf.__version__}. On TensorFlow 1.14 and 1.15, use tfapprox.{ELSEWHERE.room}, which has the operation "
        f"{ELSEWHERE.name}, converts graphs and runs old scripts"
    )
