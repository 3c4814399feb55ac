import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rewis3d.reconstruct.cameras.trajectory import JUMP, TURN, breaks

from .room import pose


def drive(steps, *, yaw=0.0) -> np.ndarray:
    at = np.concatenate([[0], np.cumsum(steps)])
    return np.array([pose(z=float(z), yaw=yaw * n) for n, z in enumerate(at)])


@given(
    st.lists(st.floats(0.5, 1.5), min_size=2, max_size=40),
    st.floats(0, 20),
    st.floats(1e-3, 1e3),
)
def test_an_even_drive_is_one_piece_at_any_scale(steps, yaw, scale) -> None:
    poses = drive(np.array(steps) * scale, yaw=yaw)
    assert breaks(range(len(poses)), poses) == []


@given(st.integers(0, 19), st.floats(JUMP * 1.6, 1e4))
def test_a_jump_is_cut_where_it_is(at, jump) -> None:
    steps = np.ones(20)
    steps[at] = jump
    assert breaks(range(21), drive(steps)) == [at + 1]


def test_a_car_that_stood_may_drive_off() -> None:
    steps = np.r_[np.full(40, 1e-4), np.linspace(0.02, 1, 20)]
    assert breaks(range(61), drive(steps)) == []


def test_a_turn_that_no_camera_makes_is_cut() -> None:
    poses = drive(np.ones(10))
    poses[6:] = poses[6:] @ pose(yaw=TURN + 5)
    assert breaks(range(11), poses) == [6]


def test_steps_and_turns_count_per_frame_over_gaps() -> None:
    poses = drive([1, 1, 8, 1, 1], yaw=20)
    assert breaks([0, 1, 2, 10, 11, 12], poses) == []
    assert breaks([0, 1, 2, 3, 4, 5], poses) == [3]


def test_three_frames_are_too_few_for_a_usual_step() -> None:
    assert breaks([0, 1, 2], drive([1, 100])) == []
    assert breaks([4], drive([])) == []
