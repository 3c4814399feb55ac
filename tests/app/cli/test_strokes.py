"""Strokes by command: in, out, simulated."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from annotations import store
from annotations.rasterise import rasterise
from app.cli.main import main
from app.workspace import Workspace
from tests.app import samples
from tests.app.cli.conftest import strokes


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    folder = tmp_path / "labels"
    folder.mkdir()
    for index in range(samples.FRAMES):
        Image.fromarray(samples.truth(index)).save(folder / f"frame{index}.png")
    return folder


def masks(workspace: Workspace) -> list[np.ndarray]:
    with workspace.read() as conn:
        return [
            rasterise(store.strokes_at(conn, one.frame_id), samples.CLASSES, one.height, one.width)
            for one in store.list_frames(conn)
        ]


def frames_drawn_on(workspace: Workspace) -> list[int]:
    with workspace.read() as conn:
        counts = store.stroke_counts(conn)
        frames = store.list_frames(conn)
    return [place for place, frame in enumerate(frames) if counts.get(frame.frame_id)]


def test_what_is_exported_is_imported_again(
    drawn: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = str(drawn.root)
    assert main(["strokes", "export", root, str(tmp_path / "out")]) == 0
    assert capsys.readouterr().out == f"6 strokes of 1 frames in {tmp_path / 'out'}\n"
    before = masks(drawn)
    with drawn.write() as conn:
        uuids = [one.uuid for one in store.strokes_at(conn, samples.frame_ids(drawn)[0])]
        store.remove_strokes(conn, uuids, author="ann", client="test")
    assert main(["strokes", "import", root, str(tmp_path / "out")]) == 0
    assert capsys.readouterr().out == "6 strokes on 1 frames\n"
    assert all((a == b).all() for a, b in zip(before, masks(drawn), strict=True))


def test_masks_come_in_pixel_for_pixel_and_strangers_are_named(
    project: Workspace, labels: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (labels / "frame0.png").rename(labels / "other.png")
    assert main(["strokes", "import", str(project.root), str(labels)]) == 0
    assert capsys.readouterr().err == "skipped other.png: no frame has this name\n"
    first, *others = masks(project)
    assert (first == 255).all()
    assert [(mask == samples.truth(1 + i)).all() for i, mask in enumerate(others)] == [True] * 3


def test_the_void_id_of_masks_is_left_out(
    project: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mask = samples.truth(0)
    mask[:10] = 11
    (tmp_path / "masks").mkdir()
    Image.fromarray(mask).save(tmp_path / "masks/frame0.png")
    words = ["strokes", "import", str(project.root), str(tmp_path / "masks")]
    assert main(words) == 1
    assert "frame0.png: no class has the id 11 (640 pixels)" in capsys.readouterr().err
    assert main([*words, "--ignore", "11"]) == 0
    assert (masks(project)[0] == np.where(mask == 11, 255, mask)).all()


@pytest.mark.parametrize(
    ("options", "places"),
    [
        (["--frames", "1"], [2]),
        (["--frames", "2"], [1, 3]),
        ([], [0, 1, 2, 3]),
        (["--kind", "points", "--frames", "1"], [2]),
        (["--kind", "coarse", "--frames", "1"], [2]),
    ],
)
def test_simulated_frames_are_spread(
    project: Workspace, labels: Path, options: list[str], places: list[int]
) -> None:
    words = ["strokes", "simulate", str(project.root), "--labels", str(labels), *options]
    assert main(words) == 0
    assert frames_drawn_on(project) == places


def test_simulated_frames_by_list_and_never_reserved_ones(
    project: Workspace, labels: Path, tmp_path: Path
) -> None:
    root = str(project.root)
    (tmp_path / "list").write_text("frame3\n\nframe1\n")
    assert main(["reserve", root, "--frames", "0"]) == 0
    words = ["strokes", "simulate", root, "--labels", str(labels)]
    assert main([*words, "--frames-list", str(tmp_path / "list")]) == 0
    assert frames_drawn_on(project) == [1, 3]
    assert main(words) == 0
    assert frames_drawn_on(project) == [1, 2, 3]


def test_the_seed_decides_and_the_length_is_in_per_cent(
    project: Workspace, labels: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["strokes", "simulate", str(project.root), "--labels", str(labels), "--frames", "1"]
    said = []
    for options in (["--seed", "5"], ["--seed", "5"], ["--seed", "5", "--length", "25"]):
        assert main([*words, *options]) == 0
        said.append(capsys.readouterr().out)
    assert said[0] == said[1]
    share = [float(line.split("frames, ")[1].split("%")[0]) for line in said]
    assert 0 < share[2] < share[0]


def test_a_list_and_a_number_of_frames_is_wrong_usage(project: Workspace, labels: Path) -> None:
    before = strokes(project)
    words = ["strokes", "simulate", str(project.root), "--labels", str(labels)]
    assert main([*words, "--frames", "1", "--frames-list", "x"]) == 2
    assert strokes(project) == before


def test_nothing_to_export(project: Workspace, tmp_path: Path) -> None:
    assert main(["strokes", "export", str(project.root), str(tmp_path / "out")]) == 1
    assert not (tmp_path / "out").exists()
