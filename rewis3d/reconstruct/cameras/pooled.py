"""One lens for all chunks of a clip: each tells it a little differently, and depths with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from rewis3d.reconstruct.cameras.features import Lens
from rewis3d.reconstruct.cameras.model import Model

SURE: Final = 1e-3
"""No lens is known better than this, whatever its uncertainty says."""


@dataclass(frozen=True, slots=True)
class FoundLens:
    """What one chunk says of a lens."""

    lens: Lens
    """As it was known before."""
    focal: float
    """Pixels."""
    radial: float
    """k of SIMPLE_RADIAL; 0 for none."""
    doubt: float | None
    """Relative standard deviation; None where the lens was assumed, as nothing told it."""


def lenses_in(models: Iterable[Model], lenses: Sequence[Lens]) -> list[FoundLens]:
    """Return the lenses that came out with models; `lenses` are those of all views."""
    found: dict[tuple[int, Lens], FoundLens] = {}
    for number, model in enumerate(models):
        for place in model.places:
            camera = model.cameras[place]
            radial = camera.distortion[0] if camera.distortion else 0.0
            doubt = None if model.held else model.doubt
            told = FoundLens(lenses[place], float(camera.K[0, 0]), float(radial), doubt)
            found.setdefault((number, lenses[place]), told)
    return list(found.values())


def pooled(found: Iterable[FoundLens]) -> dict[Lens, Lens]:
    """Return, for each lens that any chunk could tell, what all of them say together.

    Means of the logarithm of the focal length and of the distortion, each chunk counted by the
    inverse of its variance.
    """
    by_lens: dict[Lens, list[FoundLens]] = {}
    for told in found:
        if told.doubt is not None:
            by_lens.setdefault(told.lens, []).append(told)
    known = {}
    for lens, told in by_lens.items():
        weights = [max(one.doubt or 0.0, SURE) ** -2 for one in told]
        focal = np.exp(np.average(np.log([one.focal for one in told]), weights=weights))
        radial = np.average([one.radial for one in told], weights=weights)
        known[lens] = replace(lens, focal=float(focal), radial=float(radial))
    return known


def notes_of_lenses(
    found: Iterable[FoundLens], known: Mapping[Lens, Lens], *, given: bool
) -> list[str]:
    """Return a line for people for each lens that the chunks told."""
    if given:
        return []
    told = [one for one in found if one.doubt is not None]
    notes = []
    for lens, agreed in known.items():
        focals = [one.focal for one in told if one.lens == lens]
        file = "" if lens.focal is None else f"; the files say {lens.focal:.0f}"
        notes.append(
            f"focal length {agreed.focal:.0f} px, estimated from chunks that say"
            f" {min(focals):.0f} to {max(focals):.0f}{file}"
        )
    return notes
