"""EfficientNet-Lite0: the frozen backbone of the quick round.

The architecture follows the EfficientNet paper (arXiv:1905.11946) with the changes of its "lite"
family (tensorflow/tpu, efficientnet/lite): no squeeze-and-excite, ReLU6, stem and head unscaled.
"""

from __future__ import annotations

import copy
from typing import Any, Final

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval

STAGES: Final = (
    # repeats, kernel, stride, expansion, channels
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
STAGE_CHANNELS: Final = tuple(stage[4] for stage in STAGES)
STAGE_STRIDES: Final = (2, 4, 8, 16, 16, 32, 32)
"""Input pixels per cell of each stage's map."""
STEM_CHANNELS: Final = 32
BATCH_NORM_EPS: Final = 1e-3
Length = Any
"""Pixels along an axis: an int, or a SymInt while the network is exported (torch's stubs for
functions that take both say int)."""


class SameConv(nn.Module):
    """Convolution with TensorFlow's "SAME" padding, computed from the input's size, and BatchNorm.

    TensorFlow puts the odd padding pixel at the end, which no constant `padding` of torch can do.
    """

    def __init__(self, inputs: int, outputs: int, *, kernel: int, stride: int, groups: int = 1):
        super().__init__()
        padding = kernel // 2 if stride == 1 else 0
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, padding, groups=groups, bias=False)
        self.norm = nn.BatchNorm2d(outputs, eps=BATCH_NORM_EPS, momentum=0.01)

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b d r s"]:
        """Return ceil(h / stride) x ceil(w / stride) cells."""
        kernel, stride = self.conv.kernel_size[0], self.conv.stride[0]
        if stride == 1:  # as much padding on both sides, which a convolution does without a copy
            return self.norm(self.conv(x))
        top, bottom = same_padding(x.shape[2], kernel, stride)
        left, right = same_padding(x.shape[3], kernel, stride)
        return self.norm(self.conv(functional.pad(x, (left, right, top, bottom))))


def same_padding(size: Length, kernel: int, stride: int) -> tuple[Length, Length]:
    """Return TensorFlow's padding before and after an axis of `size` pixels (kernel >= stride)."""
    total = kernel - stride + -size % stride
    return total // 2, total - total // 2


class MBConv(nn.Module):
    """Inverted bottleneck: expand, filter each channel, project; a residual where shapes allow."""

    def __init__(self, inputs: int, outputs: int, *, kernel: int, stride: int, expansion: int):
        super().__init__()
        inner = inputs * expansion
        self.expand = SameConv(inputs, inner, kernel=1, stride=1) if expansion > 1 else None
        self.filter = SameConv(inner, inner, kernel=kernel, stride=stride, groups=inner)
        self.project = SameConv(inner, outputs, kernel=1, stride=1)
        self.residual = stride == 1 and inputs == outputs

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b d r s"]:
        """Return the block's output; it has no activation of its own."""
        # in place: a map of the expanded channels is tens of megabytes
        y = x if self.expand is None else functional.relu6(self.expand(x), inplace=True)
        y = self.project(functional.relu6(self.filter(y), inplace=True))
        return x + y if self.residual else y


class Lite0(nn.Module):
    """The convolutional part of EfficientNet-Lite0."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = SameConv(3, STEM_CHANNELS, kernel=3, stride=2)
        blocks, inputs = [], STEM_CHANNELS
        for repeats, kernel, stride, expansion, outputs in STAGES:
            for repeat in range(repeats):
                block = MBConv(
                    inputs,
                    outputs,
                    kernel=kernel,
                    stride=stride if repeat == 0 else 1,
                    expansion=expansion,
                )
                blocks.append(block)
                inputs = outputs
        self.blocks = nn.ModuleList(blocks)

    def forward(self, rgb: Float[Tensor, "b 3 h w"]) -> list[Tensor]:
        """Return the maps of the seven stages, finest first; input is (RGB - 127) / 128."""
        x = functional.relu6(self.stem(rgb), inplace=True)
        maps, block = [], iter(self.blocks)
        for repeats, *_ in STAGES:
            for _ in range(repeats):
                x = next(block)(x)
            maps.append(x)
        return maps


def folded(network: Lite0) -> Lite0:
    """Return a copy for inference: the norms are in the convolutions, which takes half the time."""
    network = copy.deepcopy(network).eval()
    for layer in network.modules():
        if isinstance(layer, SameConv):
            layer.conv = fuse_conv_bn_eval(layer.conv, layer.norm)
            layer.add_module("norm", nn.Identity())
    return network.requires_grad_(False)
