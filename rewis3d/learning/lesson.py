"""What the teachers say of a piece of a batch, and who listens."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from operator import add

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor, nn

from rewis3d.batch import Batch
from rewis3d.learning.branches import ImageBranch, PointBranch
from rewis3d.losses.cross_modal import ClassBridge, Targets, pair_targets, sky_targets
from rewis3d.losses.term import Term, awaited
from rewis3d.method import CrossModal, Divisor


@dataclass(frozen=True, slots=True)
class Branches:
    """What learns together."""

    image: ImageBranch
    points: PointBranch | None = None
    """None where nothing is learnt in 3D."""
    bridge: ClassBridge | None = None
    """Between the classes of both; there where `points` is."""
    sky: nn.Module | None = None
    """A frozen 2D teacher that supplies classes without geometry, where one does."""

    def named(self) -> list[tuple[str, ImageBranch | PointBranch]]:
        """Return the branches that there are, with their names."""
        named = (("image", self.image), ("points", self.points))
        return [(name, branch) for name, branch in named if branch is not None]


@dataclass(frozen=True, slots=True)
class Lesson:
    """What the teachers say of a piece; None where nobody listens."""

    image: Float[Tensor, "b k h w"] | None = None
    """Logits of the 2D teacher, for its own student."""
    points: Float[Tensor, "n g"] | None = None
    """Logits of the 3D teacher, for its own student."""
    from_points: Targets | None = None
    """What 3D tells the pixels of the pairs."""
    from_image: Targets | None = None
    """What 2D tells the points of the pairs."""
    from_sky: Targets | None = None
    """What a frozen 2D teacher tells pixels without a point."""
    from_time: Targets | None = None
    """What the frames around tell pixels."""

    def awaited_2d(self, divisor: Divisor) -> Term:
        """Return the term of the 2D student's cross-modal loss before it runs."""
        return _awaited((self.from_points, self.from_sky), divisor)

    def awaited_3d(self, divisor: Divisor) -> Term:
        """Return the term of the 3D student's."""
        return _awaited((self.from_image,), divisor)

    def awaited_in_time(self) -> Term:
        """Return the term of what the 2D student is told by the frames around."""
        return _awaited((self.from_time,), "weights")


@torch.no_grad()
def teach(
    branches: Branches,
    piece: Batch,
    settings: CrossModal,
    *,
    within: bool,
    between: bool,
    share: Float[Tensor, ""],
    generator: torch.Generator,
) -> Lesson:
    """Run the teachers on a piece; `within` and `between` say which losses listen.

    `share` is that of the pixels of the whole step that have a point.
    """
    between = between and branches.points is not None
    if not (within or between):
        return Lesson()
    image = branches.image.teach(piece, generator)
    points = None if branches.points is None else branches.points.teach(piece, generator)
    heard = Lesson(image, points) if within else Lesson()
    if points is None or branches.bridge is None or not between:
        return heard
    bridge = branches.bridge
    confidence, labels = piece.confidence[piece.pair_point], flat(piece.labels)[piece.pair_pixel]
    return Lesson(
        heard.image,
        heard.points,
        from_points=pair_targets(
            points[piece.pair_point], confidence, labels, bridge.to_2d, settings=settings
        ),
        from_image=pair_targets(
            at_pairs(image, piece), confidence, labels, bridge.to_3d, settings=settings
        ),
        from_sky=None
        if branches.sky is None
        else sky_targets(
            branches.sky(piece.rgb), covered(piece), piece.labels, bridge, share=share
        ),
    )


def at_pairs(logits: Float[Tensor, "b k h w"], piece: Batch) -> Float[Tensor, "m k"]:
    """Return what images have at the pixels of the pairs."""
    b, k, h, w = logits.shape
    image, pixel = piece.pair_pixel // (h * w), piece.pair_pixel % (h * w)
    return logits.reshape(b, k, h * w)[image, :, pixel]


def flat(labels: Int64[Tensor, "b h w"]) -> Int64[Tensor, "p"]:
    """Return the pixels of all views in a row, as pairs count them."""
    return labels.reshape(-1)


def covered(piece: Batch) -> Bool[Tensor, "b h w"]:
    """Say which pixels have a point."""
    there = torch.zeros_like(flat(piece.labels), dtype=torch.bool)
    there[piece.pair_pixel] = True
    return there.reshape(piece.labels.shape)


def _awaited(targets: Iterable[Targets | None], divisor: Divisor) -> Term:
    heard = [one.awaited(divisor) for one in targets if one is not None]
    return reduce(add, heard) if heard else awaited(torch.zeros(()))
