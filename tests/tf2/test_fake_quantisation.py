"""Fake quantisation has the same bits in and outside of graphs."""

import numpy as np
import pytest
import tensorflow as tf

from tfapprox.common import reference
from tfapprox.tf2.fake_quantisation import divided_by_constant, quantised_per_channel

WEIGHTS = np.float32(np.random.default_rng(0).normal(size=[20, 1000]) * np.geomspace(1e-6, 1e3, 1000))


@pytest.mark.parametrize("jit", [False, True])
def test_a_range_for_each_channel(jit):
    function = tf.function(lambda x: quantised_per_channel(x, 8, 1, True), jit_compile=jit)
    rounded, minima, maxima = (x.numpy() for x in function(tf.constant(WEIGHTS)))
    np.testing.assert_array_equal(maxima, np.abs(WEIGHTS).max(axis=0))
    np.testing.assert_array_equal(minima, -maxima)
    scales = np.float32([reference.quantiser("filter", -x, x, 8, True).scale for x in maxima])
    codes = np.rint(WEIGHTS * (np.float32(127) / maxima))
    np.testing.assert_array_equal(rounded, np.float32(codes) * scales)


@pytest.mark.parametrize("jit", [False, True])
@pytest.mark.parametrize("divisor", [3.0, 127.0, 255.0])
def test_quotients(divisor, jit):
    function = tf.function(lambda x: divided_by_constant(x, divisor), jit_compile=jit)
    np.testing.assert_array_equal(function(tf.constant(WEIGHTS)), WEIGHTS / np.float32(divisor))
