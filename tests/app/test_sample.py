from __future__ import annotations

import cv2
import numpy as np
import orjson
import pytest

from annotations import store
from annotations.classes import classes_at
from annotations.labelset import PRESETS
from app import sample
from app.sample import CLIP, FRAMES, SEED, make_sample, sample_project
from app.street.view import render
from app.workspace import open_workspace

LIMIT = 4_000_000


def _read(file) -> np.ndarray:
    image = cv2.imread(str(file), cv2.IMREAD_UNCHANGED)
    assert image is not None
    return image


def test_a_sample_is_all_that_is_true_by_the_same_names(tmp_path):
    told: list[tuple[str, int, int | None]] = []
    made = make_sample(
        tmp_path, frames=2, on_progress=lambda *a: told.append(a), width=48, height=36
    )
    views = list(render(SEED, frames=2, width=48, height=36))
    cameras = orjson.loads(made.cameras.read_bytes())
    assert (cameras["seed"], cameras["width"], cameras["height"]) == (SEED, 48, 36)
    assert list(cameras["T_world_camera"]) == ["street_000", "street_001"]
    for name, view in zip(cameras["T_world_camera"], views, strict=True):
        assert (
            np.abs(_read(made.images / f"{name}.jpg")[..., ::-1] - view.image.astype(int)).mean()
            < 8
        )
        assert np.array_equal(_read(made.labels / f"{name}.png"), view.labels)
        assert np.array_equal(_read(made.moving / f"{name}.png") > 0, view.moving)
        assert np.array_equal(np.load(made.depth / f"{name}.npy"), view.depth)
        assert np.allclose(cameras["T_world_camera"][name], view.T_world_camera)
        assert np.allclose(cameras["K"], view.K)
    assert told == [("drawing the sample", 1, 2), ("drawing the sample", 2, 2)]


def test_the_shipped_clip_is_small_and_complete():
    names = [f"street_{index:03d}" for index in range(FRAMES)]
    assert sorted(file.stem for file in (CLIP / "images").iterdir()) == names
    assert sorted(file.stem for file in (CLIP / "labels").iterdir()) == names
    assert sum(file.stat().st_size for file in CLIP.rglob("*") if file.is_file()) < LIMIT
    for name in names:
        labels = _read(CLIP / "labels" / f"{name}.png")
        assert _read(CLIP / "images" / f"{name}.jpg").shape == (360, 480, 3)
        assert labels.shape == (360, 480)
        assert len(np.unique(labels)) >= 8


def test_the_shipped_clip_is_what_the_renderer_gives():
    cameras = orjson.loads((CLIP / "cameras.json").read_bytes())
    assert len(cameras["T_world_camera"]) == FRAMES
    for view, (name, T_world_camera) in zip(
        render(cameras["seed"], frames=1), cameras["T_world_camera"].items(), strict=False
    ):
        shipped = _read(CLIP / "labels" / f"{name}.png")
        assert (view.labels == shipped).mean() > 0.9995  # rounding differs between processors
        image = _read(CLIP / "images" / f"{name}.jpg")[..., ::-1]
        assert np.abs(image - view.image.astype(int)).mean() < 4
        assert np.allclose(view.T_world_camera, T_world_camera)
        assert np.allclose(view.K, cameras["K"])


def test_the_sample_project_is_made_once_with_frames_and_classes_only(tmp_path):
    told: list[tuple[str, int, int | None]] = []
    root = sample_project(tmp_path / "data", on_progress=lambda *a: told.append(a))
    assert root == tmp_path / "data" / "sample"
    with open_workspace(root) as workspace, workspace.read() as conn:
        frames = store.list_frames(conn)
        assert [frame.name for frame in frames] == [f"street_{i:03d}" for i in range(FRAMES)]
        assert classes_at(conn) == PRESETS["camvid-11"]
        assert store.stroke_counts(conn) == {}
    assert told[-1] == ("making the sample", FRAMES, FRAMES)
    before = {path: path.stat().st_mtime_ns for path in (root / "frames").rglob("*")}
    assert sample_project(tmp_path / "data") == root
    assert {path: path.stat().st_mtime_ns for path in (root / "frames").rglob("*")} == before


def test_a_project_that_was_not_finished_is_made_anew(tmp_path, monkeypatch):
    def broken(*_args, **_options):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(sample, "import_images", broken)
        with pytest.raises(KeyboardInterrupt):
            sample_project(tmp_path)
    root = sample_project(tmp_path)
    with open_workspace(root) as workspace, workspace.read() as conn:
        assert len(store.list_frames(conn)) == FRAMES
