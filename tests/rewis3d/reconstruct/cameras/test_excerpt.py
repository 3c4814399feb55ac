"""Mapping from an excerpt of the features is mapping some of the views."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rewis3d.reconstruct.cameras.excerpt import write_excerpt
from rewis3d.reconstruct.cameras.mapping import Setting, map_globally
from rewis3d.reconstruct.cameras.matching import feature_counts, inlier_counts, read_matches

from .conftest import Walk
from .room import FOCAL

PLACES = range(2, 8)


def test_an_excerpt_holds_features_and_matches_of_its_views(walk: Walk, tmp_path: Path) -> None:
    write_excerpt(walk.database, PLACES, walk.lenses[2:], tmp_path / "part.db")
    assert feature_counts(tmp_path / "part.db") == feature_counts(walk.database)[2:]
    wanted = {(a - 2, b - 2): n for (a, b), n in inlier_counts(walk.database).items() if a >= 2}
    assert inlier_counts(tmp_path / "part.db") == wanted
    (first, *_) = read_matches(tmp_path / "part.db")
    same = next(pair for pair in walk.matches if (pair.a, pair.b) == (first.a + 2, first.b + 2))
    np.testing.assert_array_equal(first.features, same.features)
    np.testing.assert_array_equal(first.b_xy, same.b_xy)


def test_it_is_mapped_as_these_views_are_in_the_whole(walk: Walk, tmp_path: Path) -> None:
    write_excerpt(walk.database, PLACES, walk.lenses[2:], tmp_path / "part.db")
    setting = Setting(tuple(walk.lenses), seed=0, given=True, held=True)
    (whole,) = map_globally(walk.database, setting, group=PLACES)
    few = replace(setting, lenses=setting.lenses[2:])
    (part,) = map_globally(tmp_path / "part.db", few, group=range(6))
    assert [place + 2 for place in part.places] == list(whole.places)
    np.testing.assert_allclose(part.centres, whole.centres, atol=1e-3)


def test_a_free_lens_is_found_in_it_too(walk: Walk, tmp_path: Path) -> None:
    """The view graph is calibrated from raw matches, which it therefore holds as well."""
    lenses = [replace(lens, focal=None) for lens in walk.lenses[2:]]
    write_excerpt(walk.database, PLACES, lenses, tmp_path / "part.db")
    setting = Setting(tuple(lenses), seed=0, given=False)
    (part,) = map_globally(tmp_path / "part.db", setting, group=range(6))
    assert part.cameras[0].K[0, 0] == pytest.approx(FOCAL, rel=0.03)
