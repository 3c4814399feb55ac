from __future__ import annotations

import cv2
import numpy as np
import pytest

from annotations import store
from annotations.classes import classes_at
from annotations.labelset import PRESETS
from app import sample
from app.sample import make_sample, sample_project
from app.workspace import open_workspace


def _read(file) -> np.ndarray:
    image = cv2.imread(str(file), cv2.IMREAD_UNCHANGED)
    assert image is not None
    return image


def test_a_sample_is_images_and_labels_of_the_same_names(tmp_path):
    told: list[tuple[str, int, int | None]] = []
    made = make_sample(tmp_path, seed=3, frames=2, on_progress=lambda *a: told.append(a))
    images, labels = sorted(made.images.iterdir()), sorted(made.labels.iterdir())
    assert [file.name for file in images] == ["street_000.jpg", "street_001.jpg"]
    assert [file.stem for file in labels] == [file.stem for file in images]
    assert _read(images[0]).shape == (360, 480, 3)
    assert len(np.unique(_read(labels[0]))) >= 8
    assert told == [("drawing the sample", 1, 2), ("drawing the sample", 2, 2)]


def test_the_images_colours_are_the_right_way_round(tmp_path):
    made = make_sample(tmp_path, frames=1)
    image, labels = _read(made.images / "street_000.jpg"), _read(made.labels / "street_000.png")
    blue, _, red = image[labels == 0].mean(axis=0)  # the sky, as OpenCV reads it
    assert blue > red


def test_the_same_seed_gives_the_same_files(tmp_path):
    folders = [
        make_sample(tmp_path / name, seed=seed, frames=1)
        for name, seed in zip("abc", (1, 1, 2), strict=True)
    ]
    first, again, other = (next(made.labels.iterdir()).read_bytes() for made in folders)
    assert first == again != other


def test_the_sample_project_is_made_once_with_frames_and_classes_only(tmp_path, monkeypatch):
    monkeypatch.setattr(sample, "FRAMES", 2)
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


def test_a_project_that_was_not_finished_is_made_anew(tmp_path, monkeypatch):
    monkeypatch.setattr(sample, "FRAMES", 1)

    def broken(*_args, **_options):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(sample, "import_images", broken)
        with pytest.raises(KeyboardInterrupt):
            sample_project(tmp_path)
    root = sample_project(tmp_path)
    with open_workspace(root) as workspace, workspace.read() as conn:
        assert len(store.list_frames(conn)) == 1
