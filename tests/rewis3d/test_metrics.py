from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from rewis3d.metrics import accuracy, confusion, iou, miou
from rewis3d.types import IGNORED, UNLABELLED, Rewis3dError

TRUTH = np.array([[0, 0, 0, 1], [1, 1, UNLABELLED, IGNORED]], np.uint8)
PREDICTED = np.array([[0, 0, 1, 1], [1, 2, 2, 0]], np.uint8)


def test_counts_worked_out_by_hand():
    counts = confusion(TRUTH, PREDICTED, 4)
    assert counts.tolist() == [[2, 1, 0, 0], [0, 2, 1, 0], [0, 0, 0, 0], [0, 0, 0, 0]]


def test_scores_worked_out_by_hand():
    counts = confusion(TRUTH, PREDICTED, 4)
    # Class 0: 2 of (3 true + 2 found - 2). Class 1: 2 of (3 + 3 - 2). Class 2 is predicted, but
    # the truth has none; class 3 is nowhere.
    assert iou(counts) == [2 / 3, 2 / 4, None, None]
    assert miou(counts) == pytest.approx((2 / 3 + 1 / 2) / 2)
    assert accuracy(counts) == pytest.approx(4 / 6)


def test_a_class_that_is_never_found_scores_zero():
    counts = confusion(np.array([0, 1], np.uint8), np.array([0, 0], np.uint8), 2)
    assert iou(counts) == [0.5, 0.0]


def test_nothing_judged_has_no_score():
    counts = confusion(np.full((3, 3), UNLABELLED, np.uint8), np.zeros((3, 3), np.uint8), 2)
    assert iou(counts) == [None, None]
    assert miou(counts) is None
    assert accuracy(counts) is None


def test_a_prediction_outside_the_classes_is_named():
    with pytest.raises(Rewis3dError, match="holds id 7; the classes are 0 to 1"):
        confusion(np.array([0, 1], np.uint8), np.array([0, 7], np.uint8), 2)


labels = arrays(
    np.uint8, st.tuples(st.integers(1, 6), st.integers(1, 6)), elements=st.integers(0, 4)
)


@given(labels)
def test_a_perfect_prediction_scores_one(truth):
    counts = confusion(truth, truth, 5)
    assert miou(counts) == accuracy(counts) == 1
    assert counts.sum() == truth.size


@given(st.lists(labels, min_size=2, max_size=4))
def test_counts_of_frames_add_up_to_the_counts_of_all(frames):
    predicted = [4 - frame for frame in frames]
    summed = sum(confusion(t, p, 5) for t, p in zip(frames, predicted, strict=True))
    everything = confusion(
        np.concatenate([frame.ravel() for frame in frames]),
        np.concatenate([frame.ravel() for frame in predicted]),
        5,
    )
    assert np.array_equal(summed, everything)
