"""Fusing a clip's predictions: worked out by hand, and against a slow twin."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rewis3d.flow import fuse as module
from rewis3d.flow.fuse import Predicted, fuse
from rewis3d.flow.motion import Flow, Motion

SIZE = (3, 4)


def still(trust: float = 1.0) -> Motion:
    flow = Flow(np.zeros((*SIZE, 2), np.float32), np.full(SIZE, trust, np.float32))
    return Motion(flow, flow)


def even(value: float) -> torch.Tensor:
    """Return probabilities of two classes, the same at each pixel."""
    return torch.tensor([value, 1.0 - value])[:, None, None].expand(2, *SIZE).clone()


def first_class(frames: list[Predicted], memory: float = 0.5) -> list[float]:
    fused = list(fuse(frames, memory=memory))
    for one in fused:
        torch.testing.assert_close(one.sum(0), torch.ones(SIZE))
        torch.testing.assert_close(one, one[:, :1, :1].expand(-1, *SIZE))
    return [float(one[0, 0, 0]) for one in fused]


def test_three_frames_by_hand() -> None:
    # The middle one hears both others at a half: (1 + .5 * 0 + .5 * 0) / 2. The first one hears the
    # second at a half and the third at a quarter: (0 + .5 * 1 + .25 * 0) / 1.75.
    frames = [
        Predicted(even(0), None),
        Predicted(even(1), still()),
        Predicted(even(0), still()),
    ]
    assert first_class(frames) == pytest.approx([0.5 / 1.75, 0.5, 0.5 / 1.75], abs=1e-6)


def test_a_neighbour_counts_as_far_as_the_flow_is_trusted() -> None:
    frames = [Predicted(even(0), None), Predicted(even(1), still(0.5))]
    assert first_class(frames) == pytest.approx([0.25 / 1.25, 1 / 1.25], abs=1e-6)


def test_nothing_is_heard_across_a_cut() -> None:
    frames = [Predicted(even(0.25), None), Predicted(even(1), None), Predicted(even(0), still())]
    assert first_class(frames) == pytest.approx([0.25, 1 / 1.5, 0.5 / 1.5], abs=1e-6)


def test_without_memory_or_frames_nothing_changes() -> None:
    frames = [Predicted(even(0.25), None), Predicted(even(0.75), still())]
    assert first_class(frames, memory=0.0) == pytest.approx([0.25, 0.75])
    assert list(fuse([])) == []


def test_a_place_is_heard_where_it_went() -> None:
    # All moves one pixel to the right: the last column has left, the first one is new.
    right = np.zeros((*SIZE, 2), np.float32)
    right[:, :, 0] = 1
    full = np.ones(SIZE, np.float32)
    moved = Motion(Flow(right, full), Flow(-right, full))
    one = even(0.0)
    one[:, :, 1] = torch.tensor([1.0, 0.0])[:, None]
    fused = list(fuse([Predicted(one, None), Predicted(even(0.0), moved)], memory=0.5))
    later, earlier = [[0, 0, 0.5 / 1.5, 0]] * 3, [[0, 1 / 1.5, 0, 0]] * 3
    torch.testing.assert_close(fused[1][0], torch.tensor(later), atol=1e-6, rtol=0)
    torch.testing.assert_close(fused[0][0], torch.tensor(earlier), atol=1e-6, rtol=0)


def test_a_stroke_is_as_loud_as_many_frames() -> None:
    # Class 1 was drawn on one pixel of the first frame; both frames take it for class 0. There the
    # first frame hears itself at 10 and the second at a half, the second hears half of the ten.
    drawn = torch.full(SIZE, 255)
    drawn[1, 2] = 1
    drawn[0, 0] = 254  # ignored: nobody said anything
    frames = [Predicted(even(1), None, drawn), Predicted(even(1), still())]
    first, second = (one[1] for one in fuse(frames, memory=0.5))
    assert float(first[1, 2]) == pytest.approx(10 / 10.5, abs=1e-6)
    assert float(second[1, 2]) == pytest.approx(5 / 6, abs=1e-6)
    for one in (first, second):
        one[1, 2] = 0
        torch.testing.assert_close(one, torch.zeros(SIZE))


def clip(count: int, seed: int) -> list[Predicted]:
    rng = np.random.default_rng(seed)
    frames = []
    for index in range(count):
        flows = [
            Flow(
                rng.uniform(-1.5, 1.5, (*SIZE, 2)).astype(np.float32),
                rng.uniform(0, 1, SIZE).astype(np.float32),
            )
            for _ in range(2)
        ]
        probabilities = rng.dirichlet(np.ones(3), SIZE).transpose(2, 0, 1).astype(np.float32)
        cut = index == 0 or rng.random() < 0.1
        drawn = torch.from_numpy(rng.choice([0, 1, 2, 254, 255], SIZE))
        said = drawn if rng.random() < 0.3 else None
        frames.append(
            Predicted(torch.from_numpy(probabilities), None if cut else Motion(*flows), said)
        )
    return frames


def slow_twin(frames: list[Predicted], memory: float) -> list[torch.Tensor]:
    """Fuse all frames at once, one side after the other, without a bound on the memory."""
    count = len(frames)
    past = [frame.evidence.clone() for frame in frames]
    future = [frame.evidence.clone() for frame in frames]
    for index in range(1, count):
        if (since := frames[index].since) is not None:
            heard = since.back.pull(past[index - 1])
            past[index] += memory * torch.from_numpy(since.back.trust) * heard
    for index in range(count - 2, -1, -1):
        if (since := frames[index + 1].since) is not None:
            heard = since.there.pull(future[index + 1])
            future[index] += memory * torch.from_numpy(since.there.trust) * heard
    sums = [p + f - frame.evidence for p, f, frame in zip(past, future, frames, strict=True)]
    return [total / total.sum(0) for total in sums]


@given(st.integers(1, 90), st.integers(0, 99))
@settings(max_examples=30)
def test_frames_that_come_in_pieces_give_what_all_at_once_give(count: int, seed: int) -> None:
    frames = clip(count, seed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_BYTES", 0)  # REACH frames and the fewest more
        fused = list(fuse(iter(frames), memory=0.8))
    assert len(fused) == count
    for one, other in zip(fused, slow_twin(frames, 0.8), strict=True):
        torch.testing.assert_close(one, other, atol=0.01, rtol=0)


def test_frames_are_read_when_they_are_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_BYTES", 0)
    read = 0

    def counted():
        nonlocal read
        for frame in clip(100, 3):
            read += 1
            yield frame

    next(fuse(counted()))
    assert read == module.REACH + 8
