"""What several frames say about a view, put together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rewis3d.carry import Carried
from rewis3d.propagate import SIMILAR, Ghosts, fuse, ghosts, lift_frame
from rewis3d.scene import SceneView
from rewis3d.types import IGNORED, UNLABELLED
from tests.references import best_of_cell
from tests.rewis3d.stage import pose, view_of, wall

SIZE = (48, 64)
EMPTY = np.full(SIZE, UNLABELLED, np.uint8)


def view(frame_id: int, x: float = 0.0, *, confidence: float = 0.9) -> SceneView:
    return view_of([wall(20.0)], pose(x), frame_id=frame_id, confidence=confidence)


def painted(label: int, rows: slice, columns: slice) -> np.ndarray:
    mask = EMPTY.copy()
    mask[rows, columns] = label
    return mask


def carried_by(frame_id: int, said: list[tuple[int, int, float]]) -> Carried:
    cells, labels, confidence = zip(*said, strict=True) if said else ((), (), ())
    return Carried(
        frame_id,
        np.array(cells, np.int32),
        np.array(labels, np.uint8),
        np.array(confidence, np.float32),
        np.array(cells, np.int32) + 100,
    )


@st.composite
def sayings(draw: st.DrawFn) -> list[list[tuple[int, int, float]]]:
    shares = st.sampled_from([0.1, 0.2, 0.35, 0.4, 0.45, 0.9])
    one = st.dictionaries(st.integers(0, 5), st.tuples(st.integers(0, 3), shares), max_size=6)
    said = draw(st.lists(one, max_size=6))
    return [[(cell, *rest) for cell, rest in frame.items()] for frame in said]


@given(sayings())
def test_the_most_confident_wins_and_similar_classes_leave_no_label(
    said: list[list[tuple[int, int, float]]],
) -> None:
    own = np.full((2, 3), UNLABELLED, np.uint8)
    found = fuse([carried_by(frame, each) for frame, each in enumerate(said)], own)
    for cell in range(6):
        here = [(label, conf) for frame in said for at, label, conf in frame if at == cell]
        label, _ = best_of_cell(here, SIMILAR)
        assert found.labels.reshape(-1)[cell] == label
        confidence = found.confidence.reshape(-1)[cell]
        source = found.sources.reshape(-1)[cell]
        if label == UNLABELLED:
            assert (confidence, source) == (0, -1)
        else:
            assert np.float32(confidence) == np.float32(max(c for lab, c in here if lab == label))
            assert (cell, label) in {(at, lab) for at, lab, _ in said[source]}


def test_a_view_takes_the_strokes_of_the_others_and_leaves_its_own() -> None:
    first, second = view(1), view(2, 1.0)
    lifted = [
        lift_frame(painted(3, slice(10, 20), slice(10, 40)), 0, first),
        lift_frame(painted(4, slice(30, 40), slice(10, 40)), 0, second),
    ]
    own = painted(4, slice(30, 40), slice(10, 40))
    own[12] = IGNORED
    found = ghosts(lifted, 0, second, own)
    # a step of 1 to the right moves what is 20 away by 3 cells to the left
    wanted = painted(3, slice(10, 20), slice(7, 37))
    wanted[12] = UNLABELLED
    assert np.array_equal(found.labels, wanted)
    assert (found.sources[wanted == 3] == 1).all()


def test_views_of_another_scene_have_no_ghosts() -> None:
    lifted = lift_frame(painted(3, slice(10, 20), slice(10, 40)), 1, view(1))
    found = ghosts([lifted], 0, view(2), EMPTY)
    assert isinstance(found, Ghosts)
    assert (found.labels == UNLABELLED).all()
    assert (found.sources == -1).all()


def test_a_much_more_confident_stroke_wins_over_another_class() -> None:
    strong, weak = view(1), view(2)
    weak = replace(weak, confidence=np.full(SIZE, 0.3, np.float16))
    place = (slice(10, 20), slice(10, 40))
    lifted = [lift_frame(painted(3, *place), 0, strong), lift_frame(painted(4, *place), 0, weak)]
    assert (ghosts(lifted, 0, view(3), EMPTY).labels[place] == 3).all()
    strong = replace(strong, confidence=np.full(SIZE, 0.4, np.float16))
    lifted[0] = lift_frame(painted(3, *place), 0, strong)
    assert (ghosts(lifted, 0, view(3), EMPTY).labels == UNLABELLED).all()
