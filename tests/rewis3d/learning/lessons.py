"""Small branches and batches to learn from: two views of 8 x 10 pixels, 24 points each."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from rewis3d.batch import Batch
from rewis3d.learning.branches import Group, ImageBranch, PointBranch, adamw
from rewis3d.learning.lesson import Branches
from rewis3d.losses.cross_modal import class_bridge
from rewis3d.method import MeanTeacher
from rewis3d.models.ptv3 import PointNetworkConfig, PointSegmenter
from rewis3d.types import IGNORED, UNLABELLED, ClassSpec

HEIGHT, WIDTH, POINTS = 8, 10, 24
CLASSES = (
    ClassSpec(0, "road", (0, 0, 0)),
    ClassSpec(1, "sky", (0, 0, 9), has_geometry=False),
    ClassSpec(2, "car", (9, 0, 0)),
)
TINIEST = PointNetworkConfig(
    grid_size=0.5,
    encoder_depths=(1, 1),
    encoder_channels=(8, 8),
    encoder_heads=(2, 2),
    decoder_depths=(1,),
    decoder_channels=(8,),
    decoder_heads=(2,),
    strides=(2,),
    patch=16,
)


class Pixelwise(nn.Module):
    """Looks at single pixels, so that pieces of a batch can't differ from the whole."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Conv2d(3, 6, 1), nn.ReLU(), nn.Conv2d(6, len(CLASSES), 1))

    def forward(self, rgb: Tensor) -> Tensor:
        return self.layers(rgb / 255)


def branches(settings: MeanTeacher | None = None, *, points: bool = True) -> Branches:
    """Both branches from fixed weights."""
    torch.manual_seed(0)
    settings = settings or MeanTeacher()
    image = Pixelwise()
    image_branch = ImageBranch(
        image, adamw([Group(list(image.parameters()), 1e-2)], weight_decay=0.0), settings
    )
    if not points:
        return Branches(image_branch)
    cloud = PointSegmenter(TINIEST, classes=2)
    cloud_branch = PointBranch(
        cloud, adamw([Group(list(cloud.parameters()), 1e-3)], weight_decay=0.0), settings
    )
    return Branches(image_branch, cloud_branch, class_bridge(CLASSES))


class Lessons:
    """Batches that are functions of the step: labels follow the colours."""

    def __init__(self, seed: int = 0, *, empty: int | None = None) -> None:
        self._seed = seed
        self._empty = empty
        """This view of each batch has no cloud."""
        self.asked: list[int] = []

    def batch(self, step: int, size: int) -> Batch:
        self.asked.append(step)
        draw = torch.Generator().manual_seed(1000 * self._seed + step)
        rgb = 255 * torch.rand((size, 3, HEIGHT, WIDTH), generator=draw)
        labels = rgb.argmax(1)
        labels[torch.rand(labels.shape, generator=draw) < 0.6] = UNLABELLED
        labels[:, 0] = IGNORED
        counts = [0 if view == self._empty else POINTS for view in range(size)]
        n = sum(counts)
        xyz = 4 * torch.rand((n, 3), generator=draw)
        pixels = [torch.randperm(HEIGHT * WIDTH - WIDTH, generator=draw)[:k] for k in counts]
        pair_pixel = torch.cat(
            [view * HEIGHT * WIDTH + WIDTH + at for view, at in enumerate(pixels)]
        )
        return Batch(
            frame=torch.arange(size),
            rgb=rgb,
            rgb_student=rgb,
            labels=labels,
            has_cloud=torch.tensor([count > 0 for count in counts]),
            offsets=torch.tensor(counts).cumsum(0),
            xyz=xyz,
            xyz_student=xyz + 0.01,
            colour=torch.rand((n, 3), generator=draw),
            confidence=torch.rand(n, generator=draw),
            point_labels=torch.where(
                torch.arange(n) % 3 > 0, UNLABELLED, 2 * (torch.arange(n) % 2)
            ),
            pair_pixel=pair_pixel,
            pair_point=torch.arange(n),
        )
