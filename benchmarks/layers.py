"""The layers that the benchmarks measure: those of networks that people emulate, and the truth tables."""

import collections
import os
import tempfile
from pathlib import Path

import numpy as np

from tfapprox.common import save_table

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data" / "multipliers"


class Layer(collections.namedtuple("Layer", "network size channels kernel filters stride")):
    """A convolution with SAME padding of square images by square filters."""

    @property
    def name(self):
        """The layer in one line, such as `32x32x16, 3x3 -> 16`."""
        stride = f"/{self.stride}" if self.stride > 1 else ""
        return f"{self.size}x{self.size}x{self.channels}, {self.kernel}x{self.kernel}{stride} -> {self.filters}"

    @property
    def taps(self):
        """Products of one output."""
        return self.kernel**2 * self.channels

    def products(self, batch):
        """Products of one call."""
        return batch * (-(-self.size // self.stride)) ** 2 * self.taps * self.filters

    def tensors(self, batch):
        """Random input and filter, float32, from -1 to 1."""
        random = np.random.RandomState(0)
        shapes = [batch, self.size, self.size, self.channels], [self.kernel, self.kernel, self.channels, self.filters]
        return [random.uniform(-1, 1, shape).astype(np.float32) for shape in shapes]


LAYERS = [
    Layer("LeNet-5", 32, 1, 5, 6, 1),
    Layer("LeNet-5", 14, 6, 5, 16, 1),
    Layer("ResNet-8, CIFAR", 32, 3, 3, 16, 1),
    Layer("ResNet-8, CIFAR", 32, 16, 3, 16, 1),
    Layer("ResNet-8, CIFAR", 32, 16, 3, 32, 2),
    Layer("ResNet-8, CIFAR", 16, 32, 3, 32, 1),
    Layer("ResNet-8, CIFAR", 8, 64, 3, 64, 1),
    Layer("wide, CIFAR", 32, 64, 3, 64, 1),
    Layer("ResNet-50", 224, 3, 7, 64, 2),
    Layer("ResNet-50", 56, 64, 1, 64, 1),
    Layer("ResNet-50", 56, 64, 3, 64, 1),
    Layer("ResNet-50", 28, 512, 1, 128, 1),
    Layer("ResNet-50", 14, 256, 3, 256, 1),
    Layer("ResNet-50", 7, 512, 3, 512, 1),
    Layer("ResNet-50", 7, 2048, 1, 512, 1),
]


def batches(layer):
    """Batch sizes to measure: one image, and as many as a large batch has."""
    return [1, 8 if layer.size > 32 or layer.network == "ResNet-50" else 64]


def tables():
    """Truth tables from name to path or registered name: without structure, and with all that the planner knows."""
    folder = tempfile.mkdtemp()
    random = np.random.RandomState(0).randint(0, 65536, (256, 256))
    made = {"random": random, "random-64-rows": np.repeat(random[:64], 4, axis=0)}
    paths = {name: os.path.join(folder, f"{name}.bin") for name in made}
    for name, path in paths.items():
        save_table(path, made[name])
    built_in = ["mul8u_exact", "mul8u_trunc4", "mul8u_drum4", "mul8u_mitchell", "mul8u_kulkarni"]
    published = ["mul8u_Y48", "mul8u_1446", "mul8u_17C8", "mul8u_14VP", "mul8u_2HH", "mul8u_L40"]
    files = {name: SHARED / f"{name}.bin" for name in published}
    return {
        **paths,
        **{name: name for name in built_in},
        **{name: str(path) for name, path in files.items() if path.exists()},
    }
