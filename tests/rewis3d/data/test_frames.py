"""What training reads of frames, and that held-out labels are ignored where they must be."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rewis3d.data.frames import FrameFiles
from rewis3d.job import View
from rewis3d.types import IGNORED, UNLABELLED, Rewis3dError
from tests.rewis3d.data.job import HEIGHT, LABELLED, WIDTH, Made, make


@pytest.fixture
def made(tmp_path: Path) -> Made:
    return make(tmp_path)


def view_of(made: Made, frame: int) -> View:
    return next(view for view in made.job.views if view.frame_id == frame)


def test_images_and_labels_are_the_files(made: Made) -> None:
    files = FrameFiles(made.folder, without_judge=False)
    for view in made.job.views:
        assert np.array_equal(files.image(view), made.images[view.frame_id])
        none = np.full((HEIGHT, WIDTH), UNLABELLED, np.uint8)
        assert np.array_equal(files.labels(view), made.labels.get(view.frame_id, none))


def test_judging_labels_are_ignored_where_they_must_teach_nothing(made: Made) -> None:
    files = FrameFiles(made.folder, without_judge=True)
    for frame in LABELLED:
        found, judged = files.labels(view_of(made, frame)), made.judges[frame]
        assert judged.any()
        assert (found[judged] == IGNORED).all()
        assert np.array_equal(found[~judged], made.labels[frame][~judged])


def test_files_are_decoded_once(made: Made) -> None:
    files = FrameFiles(made.folder, without_judge=False)
    view = view_of(made, 3)
    image = files.image(view)
    (made.folder / view.image).unlink()
    assert files.image(view) is image


def test_what_was_not_asked_for_longest_goes_first(made: Made) -> None:
    size = HEIGHT * WIDTH * 3
    files = FrameFiles(made.folder, without_judge=False, bound_bytes=2 * size)
    first, second, third = (view_of(made, frame) for frame in (3, 5, 8))
    kept = files.image(first)
    files.image(second)
    files.image(first)
    files.image(third)  # the second goes
    for view in (first, second, third):
        (made.folder / view.image).unlink()
    assert files.image(first) is kept
    files.image(third)
    with pytest.raises(Rewis3dError, match=r"5\.png"):
        files.image(second)


def test_without_room_everything_is_read_anew(made: Made) -> None:
    files = FrameFiles(made.folder, without_judge=False, bound_bytes=0)
    view = view_of(made, 3)
    assert files.image(view) is not files.image(view)


def test_what_is_shared_can_t_be_written_to(made: Made) -> None:
    files = FrameFiles(made.folder, without_judge=False)
    with pytest.raises(ValueError, match="read-only"):
        files.image(view_of(made, 3))[0, 0] = 0


def test_an_image_of_another_size_is_named(made: Made) -> None:
    files = FrameFiles(made.folder, without_judge=False)
    with pytest.raises(Rewis3dError, match=r"3\.png"):
        files.image(replace(view_of(made, 3), height=HEIGHT + 1))
