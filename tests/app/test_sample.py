from __future__ import annotations

import cv2
import numpy as np
import pytest

from annotations import store
from annotations.classes import classes_at
from annotations.labelset import PRESETS
from app import sample
from app.sample import Sample, make_sample, sample_project
from app.workspace import open_workspace


def _read(file) -> np.ndarray:
    image = cv2.imread(str(file), cv2.IMREAD_UNCHANGED)
    assert image is not None
    return image


@pytest.fixture(scope="module")
def drawn(tmp_path_factory) -> Sample:
    return make_sample(tmp_path_factory.mktemp("sample"), frames=2)


@pytest.fixture
def short(drawn, monkeypatch) -> None:
    """The sample project is made of the two frames that are drawn already."""
    monkeypatch.setattr(sample, "make_sample", lambda _folder, **_options: drawn)


def test_a_sample_is_images_and_labels_of_the_same_names(drawn):
    images, labels = sorted(drawn.images.iterdir()), sorted(drawn.labels.iterdir())
    assert [file.name for file in images] == ["street_000.jpg", "street_001.jpg"]
    assert [file.stem for file in labels] == [file.stem for file in images]
    assert _read(images[0]).shape == (360, 480, 3)
    assert len(np.unique(_read(labels[0]))) >= 8


def test_the_images_colours_are_the_right_way_round(drawn):
    image, labels = _read(drawn.images / "street_000.jpg"), _read(drawn.labels / "street_000.png")
    blue, _, red = image[labels == 0].mean(axis=0)  # the sky, as OpenCV reads it
    assert blue > red


def test_a_seed_gives_the_same_files_whatever_the_number_of_frames(drawn, tmp_path):
    told: list[tuple[str, int, int | None]] = []
    again = make_sample(tmp_path / "1", frames=1, on_progress=lambda *a: told.append(a))
    other = make_sample(tmp_path / "2", frames=1, seed=2)
    for folder, name in (("images", "street_000.jpg"), ("labels", "street_000.png")):
        first, same, different = (
            (getattr(made, folder) / name).read_bytes() for made in (drawn, again, other)
        )
        assert first == same != different
    assert told == [("drawing the sample", 1, 1)]


@pytest.mark.usefixtures("short")
def test_the_sample_project_is_made_once_with_frames_and_classes_only(tmp_path):
    root = sample_project(tmp_path / "data")
    assert root == tmp_path / "data" / "sample"
    with open_workspace(root) as workspace, workspace.read() as conn:
        frames = store.list_frames(conn)
        assert [frame.name for frame in frames] == ["street_000", "street_001"]
        assert classes_at(conn) == PRESETS["camvid-11"]
        assert store.stroke_counts(conn) == {}
    before = {path: path.stat().st_mtime_ns for path in (root / "frames").rglob("*")}
    assert sample_project(tmp_path / "data") == root
    assert {path: path.stat().st_mtime_ns for path in (root / "frames").rglob("*")} == before


@pytest.mark.usefixtures("short")
def test_a_project_that_was_not_finished_is_made_anew(tmp_path, monkeypatch):
    def broken(*_args, **_options):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(sample, "import_images", broken)
        with pytest.raises(KeyboardInterrupt):
            sample_project(tmp_path)
    root = sample_project(tmp_path)
    with open_workspace(root) as workspace, workspace.read() as conn:
        assert len(store.list_frames(conn)) == 2
