"""How many times as long as a straight-through step a training step with gradients from the table takes.

python benchmarks/gradient_steps.py [RESULT.json]
"""

import keras
import numpy as np
import tensorflow as tf
from measure import median_ratio, record, threads, times

from tfapprox.common.gradient_tables import GRADIENTS
from tfapprox.tf2 import approximate_model

BATCH = 64


def lenet():
    """LeNet-5 for images of 28x28 pixels."""
    layers = keras.layers
    first = [keras.Input([28, 28, 1]), layers.Conv2D(6, 5, padding="same", activation="relu"), layers.MaxPooling2D()]
    second = [layers.Conv2D(16, 5, activation="relu"), layers.MaxPooling2D(), layers.Flatten()]
    dense = [layers.Dense(120, activation="relu"), layers.Dense(84, activation="relu"), layers.Dense(10)]
    return keras.Sequential([*first, *second, *dense])


def convolutions(size, channels):
    """Two convolutions 3x3."""
    layers = keras.layers
    two = [layers.Conv2D(channels, 3, padding="same", activation="relu") for _ in range(2)]
    return keras.Sequential(
        [keras.Input([size, size, channels]), *two, layers.GlobalAveragePooling2D(), layers.Dense(10)]
    )


def training_step(model, gradient):
    """A function that trains a network with one batch."""
    network = approximate_model(model, "mul8u_drum4", ranges="moving", gradient=gradient)
    optimizer = keras.optimizers.Adam()
    optimizer.build(network.trainable_variables)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    images = np.random.default_rng(0).normal(0, 1, (BATCH, *model.input_shape[1:]))
    x, y = tf.constant(images, tf.float32), tf.constant(np.arange(BATCH) % 10)

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            value = loss(y, network(x, training=True))
        optimizer.apply_gradients(zip(tape.gradient(value, network.trainable_variables), network.trainable_variables))
        return value

    return step


def main():
    """Measures every network with every kind of gradient."""
    rows = []
    networks = {"LeNet-5": lenet(), "16 channels": convolutions(32, 16), "64 channels": convolutions(16, 64)}
    for name, model in networks.items():
        functions = {gradient: training_step(model, gradient) for gradient in GRADIENTS}
        taken = times(functions, rounds=15, seconds=60.0)
        milliseconds = 1e3 * float(np.median(taken[GRADIENTS[0]]))
        rows += [
            {"network": name, "gradient": gradient, "milliseconds": milliseconds, "ratio": round(ratio, 3)}
            for gradient in GRADIENTS[1:]
            for ratio in [median_ratio(taken, gradient, GRADIENTS[0])]
        ]
    record("gradients", rows, tensorflow=tf.__version__, threads=threads())
    for row in rows:
        print(f"{row['network']:12} {row['gradient']:10} {row['ratio']:6} of {row['milliseconds']:8.3f} ms")


if __name__ == "__main__":
    main()
