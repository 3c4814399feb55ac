"""What chunks say of one lens, taken together."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rewis3d.reconstruct.cameras.features import Lens
from rewis3d.reconstruct.cameras.pooled import (
    FoundLens,
    lenses_in,
    notes_of_lenses,
    pooled,
)

from .conftest import Walk
from .room import FOCAL

LENS, OTHER = Lens(1, 320, 240, None), Lens(2, 320, 240, 300.0)


def told(focal: float, doubt: float | None, radial: float = 0.0, lens: Lens = LENS) -> FoundLens:
    return FoundLens(lens, float(focal), radial, doubt)


def test_sure_chunks_count_more_and_assumed_lenses_not_at_all() -> None:
    known = pooled([told(270, 0.02, 0.05), told(280, 0.01, -0.05), told(400, None)])
    assert set(known) == {LENS}
    assert known[LENS].focal == pytest.approx((270 * 280**4) ** 0.2)  # weights 1 and 4
    assert known[LENS].radial == pytest.approx(-0.03)
    assert replace(known[LENS], focal=None, radial=None) == LENS
    assert pooled([told(400, None)]) == {}


def test_each_lens_is_pooled_by_itself() -> None:
    known = pooled([told(270, 0.01), told(310, 0.01, lens=OTHER)])
    assert (known[LENS].focal, known[OTHER].focal) == pytest.approx((270, 310))


def test_a_models_lenses_are_read_off(walk: Walk) -> None:
    held = lenses_in([walk.model], walk.lenses)
    assert held == [FoundLens(walk.lenses[0], FOCAL, 0.0, None)]
    (free,) = lenses_in([replace(walk.model, held=False, doubt=0.02)], walk.lenses)
    assert free.doubt == 0.02


def test_people_are_told_once_what_the_chunks_say() -> None:
    found = [told(270, 0.01), told(280, 0.01), told(400, None), told(310, 0.01, lens=OTHER)]
    assert notes_of_lenses(found, pooled(found), given=False) == [
        "focal length 275 px, estimated from chunks that say 270 to 280",
        "focal length 310 px, estimated from chunks that say 310 to 310; the files say 300",
    ]
    assert notes_of_lenses(found, pooled(found), given=True) == []
