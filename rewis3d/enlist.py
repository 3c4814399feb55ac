"""The branches of a round, made from its settings: what learns, at which rates, from where."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import torch
from torch.optim import Optimizer

from rewis3d.features import Frames
from rewis3d.job import Job
from rewis3d.learning.branches import Group, ImageBranch, PointBranch, adamw
from rewis3d.learning.frozen import FrozenImageBranch, with_trainable_head
from rewis3d.learning.lesson import Branches
from rewis3d.losses.cross_modal import ClassBridge, class_bridge
from rewis3d.method import MethodConfig
from rewis3d.models.network import Network, ready
from rewis3d.models.ptv3 import PUBLISHED, TINY, PointNetworkConfig, PointSegmenter
from rewis3d.models.segmenter import Segmenter
from rewis3d.point_checkpoint import load_points
from rewis3d.point_features import CHANNELS
from rewis3d.presets import changed
from rewis3d.types import Rewis3dError

POINTS: Final = "points"
"""The folder under a round's that keeps its 3D network."""
_DISTURBANCES: Final = ("flip", "blur", "augmix", "cutout", "cutout_again")


@dataclass(frozen=True, slots=True)
class Enlisted:
    """Branches that are about to learn."""

    branches: Branches
    warm: bool
    """Both begin with networks that know something."""


def enlisted(
    network: Network,
    job: Job,
    config: MethodConfig,
    *,
    frames: Frames,
    folder: Path,
    geometry: bool,
) -> Enlisted:
    """Return the branches that learn, on the device; without `geometry` there is 2D alone.

    `network` is the 2D network that the round begins with; the 3D network begins with that of an
    earlier round, where the job names one and the settings want it. Rewis3dError where the settings
    want what can't be.
    """
    image = _image_branch(network, job, config, frames=frames)
    sky = None
    if config.cross_modal.sky_teacher:
        sky = image.teacher.frozen()  # the loop gives it its weights when its time comes
    if not geometry:
        return Enlisted(Branches(image, sky=sky), warm=False)
    bridge = class_bridge(job.classes).to(frames.device)
    known = _known_points(job, config, bridge, folder=folder)
    points = _point_branch(known, job, config, bridge, frames=frames)
    warm = known is not None and config.networks.model == "lite"
    return Enlisted(Branches(image, points, bridge, sky), warm)


def _image_branch(
    network: Network, job: Job, config: MethodConfig, *, frames: Frames
) -> ImageBranch:
    if config.networks.backbone == "trained":
        student = network.trainable().to(frames.device)
        return ImageBranch(student, _image_optimiser(student, config), config.teacher)
    if not isinstance(network, Segmenter) or not network.untouched:
        raise Rewis3dError("setting backbone is 'frozen': that needs model=lite")
    student = with_trainable_head(network).to(frames.device)
    views = {view.frame_id: view for view in job.views}
    reader = ready(network).to(frames.device)
    return FrozenImageBranch(
        student,
        _image_optimiser(student, config),
        config.teacher,
        maps=lambda frame: frames.read(reader, views[frame])[1],
        sizes={view.frame_id: (view.height, view.width) for view in job.views},
    )


def _image_optimiser(student: Network, config: MethodConfig) -> Optimizer:
    settings, groups = config.optimiser, student.groups()
    rates = ((groups.blocks, settings.lr_2d_blocks), (groups.others, settings.lr_2d))
    chosen = [Group([p for p in part if p.requires_grad], rate) for part, rate in rates]
    return adamw(
        [group for group in chosen if group.parameters], weight_decay=settings.weight_decay_2d
    )


def _known_points(
    job: Job, config: MethodConfig, bridge: ClassBridge, *, folder: Path
) -> PointSegmenter | None:
    """Return the 3D network that an earlier round left, where one did and it is wanted."""
    if job.start is None or not config.networks.warm_start:
        return None
    classes = [job.classes[train_id] for train_id in bridge.to_2d.tolist()]
    generator = torch.Generator().manual_seed(job.seed)
    place = folder / job.start / POINTS
    return load_points(place, _point_config(config), classes, generator=generator)


def _point_branch(
    known: PointSegmenter | None,
    job: Job,
    config: MethodConfig,
    bridge: ClassBridge,
    *,
    frames: Frames,
) -> PointBranch:
    torch.manual_seed(job.seed)
    student = known or PointSegmenter(_point_config(config), classes=len(bridge.to_2d))
    student = student.to(frames.device).train()
    settings = config.optimiser
    named = list(student.named_parameters())
    groups = [
        Group([part for name, part in named if "block" in name], settings.lr_3d_blocks),
        Group([part for name, part in named if "block" not in name], settings.lr_3d),
    ]
    optimiser = adamw(groups, weight_decay=settings.weight_decay_3d)
    return PointBranch(student, optimiser, config.teacher)


def _point_config(config: MethodConfig) -> PointNetworkConfig:
    networks = config.networks
    base = PUBLISHED if networks.points_model == "published" else TINY
    more = CHANNELS if networks.point_features == "lifted" else 0
    return replace(base, grid_size=networks.grid, in_channels=base.in_channels + more)


def as_shown(config: MethodConfig) -> MethodConfig:
    """Return the settings with which images come as they are: the maps of others are not known."""
    return changed(config, dict.fromkeys(_DISTURBANCES, 0.0))
