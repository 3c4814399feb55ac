"""Which pixels judge."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotations import holdout
from annotations.fill import walk
from annotations.frames import LabelledFrame
from annotations.holdout import GAP
from annotations.labelset import from_json
from annotations.rasterise import rasterise
from annotations.types import ERASER, IGNORE, IGNORED, UNLABELLED, Frame, Stroke

CLASSES = from_json(["a", "b", "c"])
HEIGHT, WIDTH = 100, 160


def stroke(uuid, class_id, points, width=3.0, frame_id=1):
    xy = np.array(points, np.float32).reshape(-1, 2)
    return Stroke(uuid, frame_id, class_id, xy, width, "ann")


def row(uuid, class_id, y, *, x=(5, 150), **fields):
    return stroke(uuid, class_id, [(x[0], y), (x[1], y)], **fields)


def labelled(*strokes, frame_id=1):
    frame = Frame(frame_id, 1, frame_id, f"f{frame_id}", "f.jpg", HEIGHT, WIDTH, None)
    return LabelledFrame(frame, strokes)


def split_frames(frames, class_map, *, seed):
    return list(holdout.split_frames(frames, class_map, seed=seed))


def shares(splits, value):
    """Return how many pixels of a train id judge, and how many train."""
    judging = sum(int((split.labels[split.judge] == value).sum()) for split in splits)
    training = sum(int((split.labels[~split.judge] == value).sum()) for split in splits)
    return judging, training


paths = st.lists(
    st.tuples(st.floats(0, WIDTH, width=32), st.floats(0, HEIGHT, width=32)), min_size=1, max_size=5
)
drawn = st.tuples(
    st.sampled_from([0, 1, 2, 7, ERASER, IGNORE]), paths, st.sampled_from([1.0, 3.0, 30.0])
)


@given(st.lists(st.lists(drawn, max_size=6), max_size=3), st.integers(0, 9))
def test_what_judges_is_labelled_and_every_class_keeps_something_to_train(frames, seed):
    given_frames = [
        labelled(*(stroke(f"{n}-{i}", *s) for i, s in enumerate(strokes)), frame_id=n)
        for n, strokes in enumerate(frames)
    ]
    splits = split_frames(given_frames, CLASSES, seed=seed)
    whole = [rasterise(one.strokes, CLASSES, HEIGHT, WIDTH) for one in given_frames]
    for split, labels in zip(splits, whole, strict=True):
        assert (split.labels[split.judge] < len(CLASSES)).all()
        changed = split.labels != labels
        assert (split.labels[changed] == UNLABELLED).all()
        assert not split.judge[changed].any()
    for value in range(len(CLASSES)):
        if any((labels == value).any() for labels in whole):
            assert shares(splits, value)[1] > 0


@pytest.mark.parametrize("seed", range(5))
def test_a_fifth_of_each_class_judges(seed):
    frames = [
        labelled(
            *(row(f"a{n}{i}", 0, 10 * i + 5, frame_id=n) for i in range(5)),
            *(row(f"b{n}{i}", 1, 10 * i + 60, x=(20, 90), frame_id=n) for i in range(4)),
            frame_id=n,
        )
        for n in range(4)
    ]
    splits = split_frames(frames, CLASSES, seed=seed)
    for value in (0, 1):
        judging, training = shares(splits, value)
        assert 0.15 < judging / (judging + training) < 0.25
    assert shares(splits, 2) == (0, 0)


def test_a_single_long_stroke_is_cut_with_a_gap():
    (split,) = split_frames([labelled(row("s", 0, 50.5, x=(5, 155)))], CLASSES, seed=0)
    judging = np.flatnonzero(split.judge[50])
    training = np.flatnonzero((split.labels[50] == 0) & ~split.judge[50])
    assert 20 <= len(judging) <= 40
    assert len(training) >= 90
    assert (np.diff(judging) == 1).all()
    assert GAP < np.abs(judging[:, None] - training[None]).min() <= GAP + 3
    assert judging[0] == 3 or judging[-1] == 156  # an end of the stroke


@pytest.mark.parametrize("seed", range(6))
def test_the_gap_keeps_all_training_pixels_of_the_class_away(seed):
    crossing = [row("s", 0, 50.5), stroke("t", 0, [(80, 2), (80, 98)]), row("u", 1, 54.5)]
    (split,) = split_frames([labelled(*crossing)], CLASSES, seed=seed)
    for value in (0, 1):
        training = (split.labels == value) & ~split.judge
        away = cv2.distanceTransform((~training).astype(np.uint8), cv2.DIST_L2, 5)
        assert away[split.judge & (split.labels == value)].min() > GAP


def test_one_piece_is_never_taken_and_of_two_one_is():
    single = [labelled(stroke("p", 0, [(30.5, 30.5)]))]
    assert shares(split_frames(single, CLASSES, seed=0), 0) == (0, 9)
    two = [
        labelled(stroke("p", 0, [(30.5, 30.5)])),
        labelled(stroke("q", 0, [(90.5, 30.5)]), frame_id=2),
    ]
    assert shares(split_frames(two, CLASSES, seed=0), 0) == (9, 9)


def test_a_class_that_the_gap_would_starve_is_not_judged():
    near = labelled(stroke("p", 0, [(30.5, 30.5)]), stroke("q", 0, [(34.5, 30.5)]), row("s", 1, 80))
    (split,) = split_frames([near], CLASSES, seed=0)
    assert (split.labels == 0).sum() == 18
    assert shares([split], 0)[0] == 0
    assert shares([split], 1)[0] > 0


def test_a_filled_region_is_shared_too():
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[20:80, 30:130] = True
    (split,) = split_frames([labelled(stroke("s", 2, walk(mask), 1.0))], CLASSES, seed=1)
    judging, training = shares([split], 2)
    assert 0.15 < judging / 6000 < 0.25
    assert training > 0.6 * 6000


def test_what_is_painted_over_judges_nothing():
    under = [row(f"s{i}", 0, 10.5 + 16 * i) for i in range(5)]
    over = [row("e", ERASER, 10.5, width=9.0), row("i", IGNORE, 26.5, width=9.0)]
    over.append(row("b", 1, 42.5, width=9.0))
    plain = rasterise([*under, *over], CLASSES, HEIGHT, WIDTH)
    for seed in range(8):
        (split,) = split_frames([labelled(*under, *over)], CLASSES, seed=seed)
        assert (plain[split.judge] < 2).all()
        assert (split.labels[plain == IGNORED] == IGNORED).all()


def test_the_seed_decides_and_nothing_else():
    frames = [labelled(*(row(f"{n}{i}", i % 2, 8 * i + 5) for i in range(9)), frame_id=n)
              for n in range(2)]  # fmt: skip
    once, again = (split_frames(frames, CLASSES, seed=3) for _ in range(2))
    other = split_frames(frames, CLASSES, seed=4)
    for a, b in zip(once, again, strict=True):
        assert (a.labels == b.labels).all()
        assert (a.judge == b.judge).all()
    assert any((a.judge != b.judge).any() for a, b in zip(once, other, strict=True))


def test_a_new_class_changes_nothing_for_the_others():
    frames = [labelled(*(row(f"s{i}", 0, 12 * i + 5) for i in range(4)))]
    more = [labelled(*frames[0].strokes, *(row(f"t{i}", 1, 12 * i + 50) for i in range(4)))]
    (before,), (after,) = (split_frames(each, CLASSES, seed=0) for each in (frames, more))
    assert (before.judge[:45] == after.judge[:45]).all()


@pytest.mark.parametrize("seed", range(4))
def test_what_judges_goes_on_judging_as_strokes_are_added(seed):
    def frames(count):
        rows = [
            row(f"{n}{i}", 0, 8 * i + 5, x=(5, 40 + 9 * i), frame_id=n)
            for n in range(count)
            for i in range(11)
        ]
        return [
            labelled(*(one for one in rows if one.frame_id == n), frame_id=n) for n in range(count)
        ]

    before = split_frames(frames(6), CLASSES, seed=seed)
    after = split_frames(frames(8), CLASSES, seed=seed)[:6]
    judged = sum(int(split.judge.sum()) for split in before)
    still = sum(int((a.judge & b.judge).sum()) for a, b in zip(before, after, strict=True))
    assert still > 0.6 * judged


def test_frames_come_one_by_one_and_each_is_told_of():
    """All classes train on the first frame, so one look at it is enough before it is yielded."""
    frames = [labelled(*(row(f"{n}{i}", i % 2, 8 * i + 5) for i in range(9)), frame_id=n)
              for n in range(5)]  # fmt: skip
    painted = []
    splits = holdout.split_frames(frames, CLASSES, seed=0, on_frame=lambda: painted.append(1))
    assert next(splits).frame_id == 0
    assert len(painted) == 2
    assert [split.frame_id for split in splits] == [1, 2, 3, 4]
    assert len(painted) == 1 + len(frames)


def test_what_the_caller_raises_ends_the_splitting():
    def stop():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        next(holdout.split_frames([labelled(row("s", 0, 5))], CLASSES, seed=0, on_frame=stop))
