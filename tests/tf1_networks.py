"""Small networks with random weights in the style of well-known ones, as frozen graphs, for TensorFlow 1.14."""

import numpy as np
import tensorflow as tf

v1 = tf.compat.v1


class Network:
    """Adds layers with random weights to the default graph.

    Args:
        statistics: mean and variance of each batch normalisation, in order; `None` computes those of the batch, and
            collects them in `moments`.
        fused: whether a batch normalisation is one operation.
    """

    def __init__(self, statistics=None, fused=True):
        self.random = np.random.RandomState(7)
        self.statistics = None if statistics is None else iter(statistics)
        self.fused = fused
        self.moments = []

    def weights(self, *shape, gain=1):
        fan_in = np.prod(shape[:-1])
        return tf.constant(gain * self.random.normal(0, np.sqrt(2 / fan_in), shape), tf.float32, name="weights")

    def conv(self, x, channels, size=1, stride=1, padding="SAME", bias=None, norm=1, relu=True, dilation=1, gain=1):
        """A convolution, then a bias of zeros or of random numbers, a batch normalisation, and a ReLU.

        The scales of the normalisation lie around `norm`, and 0 leaves it out. Weights are multiplied by `gain`.
        """
        height, width = (size, size) if isinstance(size, int) else size
        with v1.name_scope("conv"):
            kernel = self.weights(height, width, x.shape[-1].value, channels, gain=gain)
            x = tf.nn.convolution(x, kernel, padding, strides=[stride] * 2, dilation_rate=[dilation] * 2, name="Conv2D")
            if bias is not None:
                x = tf.nn.bias_add(x, tf.constant(bias * self.random.normal(size=channels), tf.float32))
            x = self.norm(x, norm) if norm else x
            return tf.nn.relu(x) if relu else x

    def depthwise(self, x, size=3, stride=1, multiplier=1, activation=tf.nn.relu6):
        with v1.name_scope("depthwise"):
            kernel = tf.abs(self.weights(size, size, x.shape[-1].value, multiplier))  # these filters smooth
            x = self.norm(tf.nn.depthwise_conv2d(x, kernel, [1, stride, stride, 1], "SAME"))
            return activation(x)

    def norm(self, x, scale=1):
        """A batch normalisation with the statistics of an earlier batch."""
        channels = x.shape[-1].value
        gamma = (scale * self.random.uniform(0.5, 1.5, channels)).astype(np.float32)
        beta = (scale * self.random.uniform(-0.3, 0.3, channels)).astype(np.float32)
        if self.statistics is None:
            mean, variance = tf.nn.moments(x, [0, 1, 2])
            variance += 0.3 * tf.reduce_mean(variance)  # no channel is nearly constant, as in trained networks
            self.moments.append((mean, variance))
        else:
            mean, variance = map(tf.constant, next(self.statistics))
        with v1.name_scope("batch_normalization"):
            if self.fused:
                return v1.nn.fused_batch_norm(x, gamma, beta, mean, variance, is_training=False)[0]
            return tf.nn.batch_normalization(x, mean, variance, beta, gamma, 1e-3)

    def dense(self, x, channels, relu=False):
        x = tf.nn.bias_add(tf.matmul(x, self.weights(x.shape[-1].value, channels)), tf.zeros([channels]))
        return tf.nn.relu(x) if relu else x

    def pool(self, x, size=2, stride=2, padding="SAME", kind=tf.nn.max_pool):
        return kind(x, [1, size, size, 1], [1, stride, stride, 1], padding)

    def classes(self, x):
        return self.dense(tf.reduce_mean(x, [1, 2]), 10)


def _graph(build, size, fused, statistics=None):
    with tf.Graph().as_default() as graph:
        network = Network(statistics, fused)
        x = v1.placeholder(tf.float32, [None, size, size, 3], name="input")
        tf.identity(build(network, x), name="logits")
    return graph, network


def frozen(build, size=32, fused=True):
    """The frozen graph of a network from `input:0` to `logits:0`, and images for it.

    Args:
        build: function from a `Network` and images to logits.
        size: height and width of the images.
        fused: as in `Network`.
    """
    random = np.random.RandomState(3)
    corners = random.uniform(-1, 1, [8, 2, 2, 3])  # the corners of patches in four colours, to which noise is added
    images = np.kron(corners, np.ones([1, size // 2 + 1, size // 2 + 1, 1]))[:, :size, :size]
    images = (images + random.normal(0, 0.1, images.shape)).astype(np.float32)
    graph, network = _graph(build, size, fused)
    with v1.Session(graph=graph) as session:
        statistics = session.run(network.moments, {"input:0": images}) if network.moments else []
    return _graph(build, size, fused, statistics)[0].as_graph_def(), images


def lenet(net, x):
    for channels in (6, 16):
        x = net.pool(net.conv(x, channels, 5, padding="VALID", bias=0.1, norm=0))
    x = tf.reshape(x, [-1, int(np.prod(x.shape.as_list()[1:]))])
    return net.dense(net.dense(net.dense(x, 120, True), 84, True), 10)


def cifarnet(net, x):
    x = tf.nn.lrn(net.pool(net.conv(x, 16, 5, bias=0, norm=0)), 4, 1.0, 0.001 / 9, 0.75)
    x = net.pool(tf.nn.lrn(net.conv(x, 16, 5, bias=0.1, norm=0), 4, 1.0, 0.001 / 9, 0.75))
    return net.classes(x)


def vgg_a(net, x, norm=0):
    """VGG-A, whose fully connected layers are convolutions. Their bias of zeros has 1,024 elements."""
    for channels, count in ((8, 1), (16, 1), (32, 2), (64, 2), (64, 2)):
        for _ in range(count):
            x = net.conv(x, channels, 3, bias=0, norm=norm)
        x = net.pool(x)
    for channels in (1024, 1024):
        x = net.conv(x, channels, x.shape[1].value, padding="VALID", bias=0, norm=0)
    return tf.squeeze(net.conv(x, 10, bias=0, norm=0, relu=False), [1, 2])


def vgg_a_with_norm(net, x):
    return vgg_a(net, x, norm=1)


def alexnet(net, x):
    x = net.pool(net.conv(x, 16, 11, 4, "VALID", bias=0.1, norm=0), 3)
    x = net.pool(net.conv(x, 32, 5, bias=0.1, norm=0), 3)
    for channels in (48, 48, 32):
        x = net.conv(x, channels, 3, bias=0.1, norm=0)
    x = net.conv(x, 256, x.shape[1].value, padding="VALID", bias=0.1, norm=0)
    return tf.squeeze(net.conv(x, 10, bias=0, norm=0, relu=False), [1, 2])


def overfeat(net, x):
    x = net.pool(net.conv(x, 16, 11, 4, "VALID", bias=0, norm=0))
    x = net.pool(net.conv(x, 32, 3, padding="VALID", bias=0, norm=0))
    for channels in (64, 64, 64):
        x = net.conv(x, channels, 3, bias=0, norm=0)
    for size in (x.shape[1].value, 1):
        x = net.conv(x, 1024, size, padding="VALID", bias=0, norm=0)
    return tf.squeeze(net.conv(x, 10, bias=0, norm=0, relu=False), [1, 2])


END = 0.3  # scale of what a residual unit adds; in trained networks it is small, too


def _shortcut(net, x, channels, stride):
    return net.conv(x, channels, 1, stride, relu=False) if x.shape[-1].value != channels or stride > 1 else x


def resnet8(net, x):
    x = net.conv(x, 8, 3)
    for channels, stride in ((8, 1), (16, 2), (32, 2)):
        inner = net.conv(net.conv(x, channels, 3, stride), channels, 3, norm=END, relu=False)
        x = tf.nn.relu(inner + _shortcut(net, x, channels, stride))
    return net.classes(x)


STAGES = ((8, 2, 1), (12, 2, 2), (16, 2, 2), (24, 2, 1))  # width, number of units, and stride


def resnet50_v1(net, x):
    x = net.conv(x, 8, 7, 2)
    for width, count, stride in STAGES:
        for unit in range(count):
            step = stride if unit == 0 else 1
            inner = net.conv(net.conv(x, width), width, 3, step)
            inner = net.conv(inner, 4 * width, norm=END, relu=False)
            x = tf.nn.relu(inner + _shortcut(net, x, 4 * width, step))
    return net.classes(x)


def resnet50_v2(net, x):
    """ResNet-50 of version 2, in which batch normalisation and ReLU come before each unit."""
    x = net.conv(x, 8, 7, 2, bias=0, norm=0, relu=False)
    for width, count, stride in STAGES:
        for unit in range(count):
            step = stride if unit == 0 else 1
            before = tf.nn.relu(net.norm(x))
            if unit == 0:
                x = net.conv(before, 4 * width, 1, step, bias=0, norm=0, relu=False)
            inner = net.conv(net.conv(before, width), width, 3, step)
            x = x + net.conv(inner, 4 * width, bias=0, norm=0, relu=False, gain=END)
    return net.classes(tf.nn.relu(net.norm(x)))


def inception_v1(net, x):
    x = net.pool(net.conv(net.conv(net.conv(x, 8, 7, 2), 8), 16, 3), 3)
    for width in (8, 12, 16):
        branches = [net.conv(x, width), net.conv(net.conv(x, width), 2 * width, 3), net.conv(net.conv(x, 4), 8, 3)]
        branches.append(net.conv(net.pool(x, 3, 1), 8))
        x = tf.concat(branches, 3)
    return net.classes(x)


def inception_v2(net, x):
    """Inception-v2. It begins with a separable convolution, and has two 3x3 convolutions in place of one 5x5."""
    x = net.depthwise(x, 7, 2, multiplier=4, activation=tf.identity)
    x = net.pool(net.conv(net.conv(x, 8), 16, 3), 3)
    for width, stride in ((8, 1), (12, 2), (16, 1)):
        branches = [] if stride == 2 else [net.conv(x, width)]
        branches.append(net.conv(net.conv(x, width), width, 3, stride))
        branches.append(net.conv(net.conv(net.conv(x, width), width, 3), width, 3, stride))
        pooled = net.pool(x, 3, stride) if stride == 2 else net.pool(x, 3, 1, kind=tf.nn.avg_pool)
        branches.append(pooled if stride == 2 else net.conv(pooled, 8))
        x = tf.concat(branches, 3)
    return net.classes(x)


def inception_v3(net, x):
    """Inception-v3. It has convolutions of 1x7 and 7x1."""
    x = net.conv(net.conv(net.conv(x, 8, 3, 2, "VALID"), 8, 3, padding="VALID"), 16, 3)
    for width in (8, 12):
        branches = [net.conv(x, width), net.conv(net.conv(net.conv(x, width), width, [1, 7]), width, [7, 1])]
        inner = net.conv(net.conv(x, width), width, [7, 1])
        branches.append(net.conv(net.conv(inner, width, [1, 7]), width, [7, 1]))
        branches.append(net.conv(net.pool(x, 3, 1, kind=tf.nn.avg_pool), width))
        x = tf.concat(branches, 3)
    inner = net.conv(x, 16)
    split = tf.concat([net.conv(inner, 16, [1, 3]), net.conv(inner, 16, [3, 1])], 3)
    return net.classes(tf.concat([net.conv(x, 16, 3, 2, "VALID"), net.pool(split, 3, 2, "VALID")], 3))


def mobilenet_v1(net, x):
    x = net.conv(x, 16, 3, 2)
    for channels, stride in ((32, 1), (48, 2), (64, 1)):
        x = net.conv(net.depthwise(x, 3, stride), channels)
    return net.classes(x)


def mobilenet_v2(net, x):
    x = net.conv(x, 16, 3, 2)
    for channels, stride in ((16, 1), (16, 1), (24, 2)):
        inner = net.depthwise(net.conv(x, 3 * x.shape[-1].value), 3, stride)
        inner = net.conv(inner, channels, norm=END, relu=False)
        x = x + inner if stride == 1 and x.shape[-1].value == channels else inner
    return net.classes(net.conv(x, 64))


def squeezenet(net, x):
    x = net.pool(net.conv(x, 16, 3, 2, bias=0.1, norm=0), 3)
    for width in (4, 8, 12):
        x = net.conv(x, width, bias=0.1, norm=0)
        wide = [net.conv(x, 2 * width, size, bias=0.1, norm=0) for size in (1, 3)]
        x = tf.concat(wide, 3)
    return tf.reduce_mean(net.conv(x, 10, bias=0.1, norm=0, relu=False), [1, 2])


def densenet(net, x):
    x = net.conv(x, 8, 3, norm=0, relu=False)
    for _ in range(2):
        for _ in range(3):
            inner = net.conv(tf.nn.relu(net.norm(x)), 16)
            x = tf.concat([x, net.conv(inner, 4, 3, norm=0, relu=False)], 3)
        x = net.conv(tf.nn.relu(net.norm(x)), 8, norm=0, relu=False)
        x = net.pool(x, kind=tf.nn.avg_pool)
    return net.classes(tf.nn.relu(net.norm(x)))


def dilated(net, x):
    """A network of dilated convolutions, which TensorFlow writes as convolutions of several smaller images."""
    x = net.conv(x, 8, 3, 2, bias=0.1)
    branches = [net.conv(x, 8, 3, dilation=rate, bias=0.1) for rate in (1, 2, 4)]
    return net.classes(net.conv(tf.concat(branches, 3), 16))


def plain(net, x):
    """A network in which each convolution has a bias before its batch normalisation."""
    for channels, stride in ((8, 1), (16, 2), (16, 1)):
        x = net.conv(x, channels, 3, stride, bias=0.3)
    return net.classes(x)


# For each name, the network, the size of its images, and whether a batch normalisation is one operation.
NETWORKS = {
    "LeNet": (lenet, 32, True),
    "CIFAR-10": (cifarnet, 32, True),
    "VGG-A": (vgg_a, 32, True),
    "VGG-A, unfused normalisation": (vgg_a_with_norm, 32, False),
    "AlexNet": (alexnet, 67, True),
    "Overfeat": (overfeat, 55, True),
    "ResNet-8": (resnet8, 32, True),
    "ResNet-50 v1": (resnet50_v1, 32, True),
    "ResNet-50 v2": (resnet50_v2, 32, True),
    "ResNet-50 v2, unfused normalisation": (resnet50_v2, 32, False),
    "Inception v1": (inception_v1, 32, True),
    "Inception v2": (inception_v2, 32, True),
    "Inception v3": (inception_v3, 33, True),
    "MobileNet v1": (mobilenet_v1, 32, True),
    "MobileNet v2, unfused normalisation": (mobilenet_v2, 32, False),
    "SqueezeNet": (squeezenet, 32, True),
    "DenseNet": (densenet, 16, True),
    "dilation": (dilated, 16, True),
    "bias and unfused normalisation": (plain, 16, False),
}
