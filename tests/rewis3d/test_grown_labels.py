from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from rewis3d.grown_labels import write_grown
from rewis3d.images import read_mask
from rewis3d.job import Job, read_job
from rewis3d.reports import Progress
from rewis3d.types import IGNORED, UNLABELLED
from tests.rewis3d.quick_job import HEIGHT, WIDTH, make

HALF = HEIGHT // 2


def certain(agrees: bool = True) -> np.ndarray:
    """Return probabilities of grass below and sky above, or of the reverse."""
    probabilities = np.zeros((2, HEIGHT, WIDTH), np.float32)
    probabilities[1, :HALF] = probabilities[0, HALF:] = float(agrees)
    probabilities[0, :HALF] = probabilities[1, HALF:] = float(not agrees)
    return probabilities


def grown(
    folder: Path, probabilities: np.ndarray, *, without_judge: bool = False, most: int = 100
) -> tuple[Job, dict[int, np.ndarray]]:
    job = replace(read_job(folder), seed=1)
    writing: Generator[Progress, None, Job] = write_grown(
        job,
        folder,
        folder.parent / "learning" / "labels",
        lambda _: probabilities,
        without_judge=without_judge,
        most=most,
    )
    stages = []
    while True:
        try:
            stages.append(next(writing))
        except StopIteration as end:
            made = end.value
            break
    assert [(one.done, one.total) for one in stages] == [(0, 2), (1, 2)]
    maps = {
        view.frame_id: read_mask(folder / view.labels, HEIGHT, WIDTH)
        for view in made.views
        if view.labels is not None
    }
    return made, maps


def drawn(folder: Path, frame: int) -> np.ndarray:
    labels = cv2.imread(str(folder / "labels" / f"{frame}.png"), cv2.IMREAD_UNCHANGED)
    assert labels is not None
    return labels


def test_so_many_pixels_grow_to_the_border_and_strokes_stay(tmp_path: Path) -> None:
    folder = make(tmp_path)
    job, maps = grown(folder, certain(), most=100)
    assert sorted(maps) == [0, 1]
    for frame, labels in maps.items():
        strokes = drawn(folder, frame)
        known = strokes != UNLABELLED
        assert np.array_equal(labels[known], strokes[known])
        new = ~known & (labels != UNLABELLED)
        assert new.sum() == 100
        assert set(labels[:HALF][new[:HALF]]) == {1}
        assert set(labels[HALF:][new[HALF:]]) == {0}
    assert all(view.judge is None for view in job.views)


def test_nothing_grows_where_the_network_disagrees(tmp_path: Path) -> None:
    folder = make(tmp_path)
    _, maps = grown(folder, certain(agrees=False))
    assert np.array_equal(maps[0], drawn(folder, 0))


def test_what_judges_is_ignored_and_nothing_grows_from_it(tmp_path: Path) -> None:
    folder = make(tmp_path)
    _, maps = grown(folder, certain(), without_judge=True, most=10_000)
    judged = np.zeros((HEIGHT, WIDTH), bool)
    judged[4:7, 50:60] = judged[40:43, 50:60] = True
    assert (maps[0][judged] == IGNORED).all()
    assert (maps[0][4:7, 43:50] != IGNORED).all()
    near = np.zeros_like(judged)
    near[0:12, 50:60] = True
    assert set(maps[0][near & ~judged]) <= {UNLABELLED, 1}
    assert (maps[0][5, 61:63] == UNLABELLED).all()


@pytest.mark.parametrize("most", [0, 7])
def test_the_seed_alone_decides_which_pixels(tmp_path: Path, most: int) -> None:
    folder = make(tmp_path)
    (_, one), (_, other) = grown(folder, certain(), most=most), grown(folder, certain(), most=most)
    assert np.array_equal(one[1], other[1])
