"""What one inference costs: multiply-accumulates, counted from the layers.

Convolutions and dense layers, as network papers count; biases, activations,
normalization (folded into the convolutions of an int8 model) and pooling are left out.
A check from outside: MobileNetV2 1.0 at 224 px has 300 million with its 1000 classes.

References
----------
.. [1] Sandler, Howard, Zhu, Zhmoginov, Chen: MobileNetV2: Inverted Residuals and Linear
   Bottlenecks. CVPR 2018, arXiv 1801.04381, table 4.
"""

import math

import keras

from hemalens.errors import TrainingError


def macs(network: keras.Model) -> int:
    """Count the multiply-accumulates of one image.

    Parameters
    ----------
    network : keras.Model
        Channels last; every layer is called once. Models within it are counted too.

    Raises
    ------
    TrainingError
        When a layer multiplies in a way not counted here, or its size is not fixed.
    """
    return sum(_layer_macs(layer) for layer in network.layers)


def _layer_macs(layer: keras.layers.Layer) -> int:
    layers = keras.layers
    if isinstance(layer, keras.Model):
        return macs(layer)
    # The inputs of a grouped convolution's kernel are those of one group.
    if isinstance(layer, layers.Conv2D | layers.DepthwiseConv2D | layers.Dense):
        return _positions(layer) * _size(layer.kernel)
    if isinstance(layer, layers.SeparableConv2D):
        kernels = (layer.depthwise_kernel, layer.pointwise_kernel)
        return _positions(layer) * sum(map(_size, kernels))
    if any(len(weight.shape) > 1 for weight in layer.weights):
        raise TrainingError(
            f"layer {layer.name} ({type(layer).__name__}) multiplies in a way that is "
            "not counted: convolutions, dense layers and models of them are"
        )
    return 0


def _size(kernel: keras.Variable) -> int:
    return math.prod(int(side) for side in kernel.shape)


def _positions(layer: keras.layers.Layer) -> int:
    """Places at which the kernel is applied: the output's size but for channels."""
    places = tuple(layer.output.shape[1:-1])
    if None in places:
        raise TrainingError(
            f"layer {layer.name} has no fixed size: give the network a fixed input"
        )
    return math.prod(places)
