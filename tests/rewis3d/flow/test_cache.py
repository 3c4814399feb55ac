"""Motions that are kept on disk."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rewis3d.array_cache import ArrayCache
from rewis3d.flow import cache as module
from rewis3d.flow.cache import motion_between
from tests.rewis3d.flow.test_motion import texture, window


def test_what_is_read_again_is_what_was_computed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = (window(texture(0), 20, 20 + shift) for shift in (0, 3))
    kept = ArrayCache(tmp_path)
    first = motion_between(one, other, kept)
    exact = module.motion(one, other)
    assert first.there.xy == pytest.approx(exact.there.xy, abs=0.5 / 32)
    assert first.back.trust == pytest.approx(exact.back.trust, abs=0.5 / 255)
    monkeypatch.setattr(module, "motion", lambda *_: pytest.fail("it is in the cache"))
    again = motion_between(one, other, kept)
    for flow, before in ((again.there, first.there), (again.back, first.back)):
        assert np.array_equal(flow.xy, before.xy)
        assert np.array_equal(flow.trust, before.trust)


def test_other_frames_have_a_motion_of_their_own(tmp_path: Path) -> None:
    kept = ArrayCache(tmp_path)
    image = texture(1)
    one, right, down = window(image, 20, 20), window(image, 20, 24), window(image, 24, 20)
    assert np.median(motion_between(one, right, kept).there.xy[:, :, 0]) == pytest.approx(
        -4, abs=0.3
    )
    assert np.median(motion_between(one, down, kept).there.xy[:, :, 1]) == pytest.approx(
        -4, abs=0.3
    )
    assert np.median(motion_between(right, one, kept).there.xy[:, :, 0]) == pytest.approx(
        4, abs=0.3
    )


def test_a_broken_file_is_computed_anew(tmp_path: Path) -> None:
    one, other = (window(texture(2), 20, 20 + shift) for shift in (0, 2))
    first = motion_between(one, other, ArrayCache(tmp_path))
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:-7])
    again = motion_between(one, other, ArrayCache(tmp_path))
    assert np.array_equal(first.there.xy, again.there.xy)
