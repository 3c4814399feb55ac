"""Sweeps: files that are whole, and a turn that is taken back exactly."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewis3d.reconstruct.formats.sweep import read_bin, unrolled
from rewis3d.types import Rewis3dError
from tests.rewis3d.reconstruct.formats.kitti360_drive import turned
from tests.rewis3d.reconstruct.lidar import AXES, hits, sweep
from tests.rewis3d.stage import ground, wall

small = st.floats(-0.05, 0.05)
metres = st.floats(-1.5, 1.5)


def test_points_come_back_as_they_were_written(tmp_path: Path) -> None:
    stored = np.arange(12, dtype="<f4").reshape(3, 4)
    (tmp_path / "s.bin").write_bytes(stored.tobytes())
    assert read_bin(tmp_path / "s.bin").tolist() == stored.tolist()


@pytest.mark.parametrize("content", [b"", b"\0" * 15, b"\0" * 40])
def test_a_file_that_is_cut_off_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "s.bin").write_bytes(content)
    with pytest.raises(Rewis3dError, match=rf"s\.bin: {len(content)} bytes are no points of 16"):
        read_bin(tmp_path / "s.bin")


def test_a_file_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(Rewis3dError, match=r"s\.bin: can't be read \(No such file"):
        read_bin(tmp_path / "s.bin")


@given(turn=st.tuples(small, small, small), move=st.tuples(metres, metres, metres))
def test_a_turn_is_taken_back(
    turn: tuple[float, float, float], move: tuple[float, float, float]
) -> None:
    motion = turned(*turn)
    motion[:3, 3] = move
    quads = (ground(), wall(12.0))
    T_world_lidar = AXES  # in the world's origin, facing along z
    xyz = sweep(quads, T_world_lidar, T_now_before=motion, columns=90)
    in_world = unrolled(xyz, motion) @ T_world_lidar[:3, :3].T
    up, ahead = (
        hits(quads, in_world - axis, np.tile(axis, (len(in_world), 1)))[0]
        for axis in (np.array([0.0, 1, 0]), np.array([0.0, 0, 1]))
    )
    assert np.minimum(np.abs(up - 1), np.abs(ahead - 1)).max() < 1e-9


def test_what_is_right_ahead_stays_where_it_was_measured() -> None:
    motion = turned(0.01, 0.02, 0.03)
    motion[:3, 3] = -1.0, 0.1, 0.2
    ahead = np.array([[20.0, 0, 1]])
    assert unrolled(ahead, motion) == pytest.approx(ahead)
    left = np.array([[0.0, 20, 1]])  # a quarter of a turn before
    quarter = turned(0.0025, 0.005, 0.0075)
    wanted = left @ quarter[:3, :3].T + motion[:3, 3] / 4
    assert unrolled(left, motion) == pytest.approx(wanted, abs=1e-12)


def test_what_has_no_coordinates_has_none_afterwards() -> None:
    xyz = np.array([[1.0, 2, 3], [np.nan, 1, 1]])
    moved = unrolled(xyz, turned(0.1, 0, 0))
    assert np.isfinite(moved).all(axis=1).tolist() == [True, False]
