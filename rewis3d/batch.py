"""The views of one training step, packed: clouds lie one after the other, pairs count through."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import Final

import numpy as np
import torch
from jaxtyping import Bool, Float32, Int64, UInt8
from torch import Tensor

from rewis3d.augment.sample import TrainingSample
from rewis3d.types import IGNORED, UNLABELLED, PointCloud, TemporalLabels, ViewSample

_NO_CLOUD: Final = PointCloud(
    xyz=np.zeros((0, 3), np.float32),
    rgb=np.zeros((0, 3), np.uint8),
    confidence=np.zeros(0, np.float32),
    labels=np.zeros(0, np.uint8),
    frame=np.zeros(0, np.int64),
    rc=np.zeros((0, 2), np.int32),
    optical_axis=np.array([0, 1, 0], np.float32),
)


@dataclass(frozen=True, slots=True)
class Batch:
    """Views and their clouds as tensors of one device. No padding: a view may have no points."""

    frame: Int64[Tensor, "b"]
    rgb: Float32[Tensor, "b 3 h w"]
    """What the teacher sees, 0..255."""
    rgb_student: Float32[Tensor, "b 3 h w"]
    labels: Int64[Tensor, "b h w"]
    """Train ids, UNLABELLED, IGNORED."""
    has_cloud: Bool[Tensor, "b"]
    offsets: Int64[Tensor, "b"]
    """Where each view's points end among all points: the count of those up to and with its own."""
    xyz: Float32[Tensor, "n 3"]
    """What the teacher sees; see `PointCloud` for the frame."""
    xyz_student: Float32[Tensor, "n 3"]
    colour: Float32[Tensor, "n 3"]
    """0..1."""
    confidence: Float32[Tensor, "n"]
    """Of the reconstruction, 0..1."""
    point_labels: Int64[Tensor, "n"]
    """Train ids of the 2D classes, UNLABELLED, IGNORED."""
    pair_pixel: Int64[Tensor, "m"]
    """Flat index into b h w."""
    pair_point: Int64[Tensor, "m"]
    """Index into the points."""
    features: Float32[Tensor, "n f"] | None = None
    """What else the 3D network is told of a point."""
    temporal_labels: Int64[Tensor, "b h w"] | None = None
    """Train ids or UNLABELLED; None where no view is told anything by the frames around it."""
    temporal_weights: Float32[Tensor, "b h w"] | None = None
    """There where `temporal_labels` are; 0 for UNLABELLED."""

    def to(self, device: torch.device) -> Batch:
        """Return the batch on a device; to a CUDA device it is copied while the CPU goes on."""

        def there(tensor: Tensor) -> Tensor:
            if device.type != "cuda" or tensor.device.type != "cpu":
                return tensor.to(device)
            return tensor.pin_memory().to(device, non_blocking=True)

        parts = {field.name: getattr(self, field.name) for field in fields(self)}
        return replace(
            self, **{name: there(part) for name, part in parts.items() if part is not None}
        )

    def split(self, micro: int) -> Iterator[Batch]:
        """Yield the views in batches of `micro`, the last one with what is left; pairs stay true.

        ValueError where `micro` is not 1 or more.
        """
        if micro < 1:
            raise ValueError(f"a batch is split into parts of 1 view or more, not {micro}")
        for start in range(0, len(self.frame), micro):
            yield self._views(start, min(start + micro, len(self.frame)))

    def _views(self, start: int, end: int) -> Batch:
        first = int(self.offsets[start - 1]) if start else 0
        points = slice(first, int(self.offsets[end - 1]))
        views = slice(start, end)
        pixels = self.labels[0].numel()
        image = self.pair_pixel // pixels
        pairs = (image >= start) & (image < end)
        return Batch(
            frame=self.frame[views],
            rgb=self.rgb[views],
            rgb_student=self.rgb_student[views],
            labels=self.labels[views],
            has_cloud=self.has_cloud[views],
            offsets=self.offsets[views] - first,
            xyz=self.xyz[points],
            xyz_student=self.xyz_student[points],
            colour=self.colour[points],
            confidence=self.confidence[points],
            point_labels=self.point_labels[points],
            pair_pixel=self.pair_pixel[pairs] - start * pixels,
            pair_point=self.pair_point[pairs] - first,
            features=_part(self.features, points),
            temporal_labels=_part(self.temporal_labels, views),
            temporal_weights=_part(self.temporal_weights, views),
        )


def _part(whole: Tensor | None, chosen: slice) -> Tensor | None:
    return None if whole is None else whole[chosen]


def collate(samples: Sequence[TrainingSample]) -> Batch:
    """Pack samples in their order.

    A pair whose pixel or whose point is IGNORED takes part in nothing and is left out. ValueError
    where there is no sample, where images differ in size, or where only some clouds have features.
    """
    views = [sample.view for sample in samples]
    sizes = {view.labels.shape for view in views}
    if len(sizes) != 1:
        raise ValueError(f"a batch has views of one size, not of {sorted(sizes)}")
    clouds = [view.cloud or _NO_CLOUD for view in views]
    ends = np.cumsum([len(cloud.xyz) for cloud in clouds])
    pixels, points = zip(*map(_pairs, views), strict=True)
    first_pixels = np.arange(len(views)) * views[0].labels.size
    first_points = np.concatenate([[0], ends[:-1]])
    told = _temporal(views)
    return Batch(
        frame=torch.tensor([view.frame_id for view in views]),
        rgb=_images([view.image for view in views]),
        rgb_student=_images([sample.image_student for sample in samples]),
        labels=_stacked([view.labels for view in views]).long(),
        has_cloud=torch.tensor([view.cloud is not None for view in views]),
        offsets=torch.from_numpy(ends),
        xyz=_joined([cloud.xyz for cloud in clouds]),
        xyz_student=_joined([_xyz_student(sample) for sample in samples]),
        colour=_joined([cloud.rgb for cloud in clouds]).float() / 255,
        confidence=_joined([cloud.confidence for cloud in clouds]),
        point_labels=_joined([cloud.labels for cloud in clouds]).long(),
        pair_pixel=_joined([each + at for each, at in zip(pixels, first_pixels, strict=True)]),
        pair_point=_joined([each + at for each, at in zip(points, first_points, strict=True)]),
        features=_features(samples),
        temporal_labels=None if told is None else _stacked([one.labels for one in told]).long(),
        temporal_weights=None if told is None else _stacked([one.weights for one in told]),
    )


def _temporal(views: Sequence[ViewSample]) -> list[TemporalLabels] | None:
    """Return what each view is told by the frames around it; None where no view is."""
    if all(view.temporal is None for view in views):
        return None
    size = views[0].labels.shape
    nothing = TemporalLabels(np.full(size, UNLABELLED, np.uint8), np.zeros(size, np.float32))
    return [view.temporal or nothing for view in views]


def _pairs(view: ViewSample) -> tuple[Int64[np.ndarray, "m"], Int64[np.ndarray, "m"]]:
    """Return the flat pixels and the points of a view's pairs that take part in anything."""
    if view.cloud is None:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    column, row = np.floor(view.pair_xy).astype(np.int64).T
    pixel = row * view.labels.shape[1] + column
    takes_part = view.labels.reshape(-1)[pixel] != IGNORED
    takes_part &= view.cloud.labels[view.pair_point] != IGNORED
    return pixel[takes_part], view.pair_point[takes_part]


def _xyz_student(sample: TrainingSample) -> Float32[np.ndarray, "n 3"]:
    return _NO_CLOUD.xyz if sample.xyz_student is None else sample.xyz_student


def _features(samples: Sequence[TrainingSample]) -> Float32[Tensor, "n f"] | None:
    given = [sample.features for sample in samples if sample.features is not None]
    if not given:
        return None
    clouds = sum(sample.view.cloud is not None for sample in samples)
    if len(given) != clouds:
        raise ValueError(f"of {clouds} clouds {len(given)} have features: all or none must")
    return _joined(given)


def _images(images: Sequence[UInt8[np.ndarray, "h w 3"]]) -> Float32[Tensor, "b 3 h w"]:
    return torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2).float().contiguous()


def _stacked(parts: Sequence[np.ndarray]) -> Tensor:
    return torch.from_numpy(np.stack(parts))


def _joined(parts: Sequence[np.ndarray]) -> Tensor:
    return torch.from_numpy(np.concatenate(parts))
