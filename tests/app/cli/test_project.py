"""Making a project, and keeping frames back."""

from __future__ import annotations

from pathlib import Path

import pytest

from annotations import store
from annotations.classes import classes_at
from app import jobs, sample, scenes, studio
from app.cli.main import main
from app.workspace import Workspace, open_workspace
from tests.app import samples


def test_new_from_images(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    images = samples.write_images(tmp_path / "images", frames=11)
    (images / "notes.txt").write_text("not an image")
    root = tmp_path / "street"
    assert main(["new", str(root), "--images", str(images), "--classes", "voc-21"]) == 0
    out, err = capsys.readouterr()
    assert out == f"{root}: 11 frames, 21 classes\n"
    assert err == "skipped notes.txt: not an image of a supported format\n"
    with open_workspace(root) as workspace, workspace.read() as conn:
        names = [frame.name for frame in store.list_frames(conn)]
        assert len(classes_at(conn)) == 21
    assert names[:3] + names[-1:] == ["frame0", "frame1", "frame2", "frame10"]


def test_new_takes_ones_own_classes(tmp_path: Path) -> None:
    images = samples.write_images(tmp_path / "images", frames=1)
    own = tmp_path / "own.yaml"
    own.write_text("- {id: 4, name: road, colour: '#804080'}\n- {id: 2, name: tree}\n")
    root = tmp_path / "street"
    assert main(["new", str(root), "--images", str(images), "--classes", str(own)]) == 0
    with open_workspace(root) as workspace, workspace.read() as conn:
        assert [(one.class_id, one.name) for one in classes_at(conn).classes] == [
            (4, "road"),
            (2, "tree"),
        ]


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ([], "give either --images DIR or --video FILE"),
        (["--images", "a", "--video", "b"], "give either --images DIR or --video FILE"),
        (["--images", "a", "--fps", "2"], "--fps and --stride go with --video"),
        (["--video", "a", "--fps", "2", "--stride", "3"], "give --fps or --stride, not both"),
        (["--video", "a", "--fps", "0"], "0"),
    ],
)
def test_new_refuses_options_that_do_not_go_together(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], line: str
) -> None:
    assert main(["new", str(tmp_path / "street"), *options]) == 2
    assert line in " ".join(capsys.readouterr().err.replace("│", " ").split())
    assert not (tmp_path / "street").exists()


def test_reserve_and_release(project: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["reserve", str(project.root), "--frames", "1-2,frame3"]) == 0
    assert capsys.readouterr().out == "frames reserved: 3; reserved in all: 3\n"
    assert main(["reserve", str(project.root), "--frames", "2", "--release"]) == 0
    assert capsys.readouterr().out == "frames released: 1; reserved in all: 2\n"
    with project.read() as conn:
        assert [frame.reserved for frame in store.list_frames(conn)] == [False, True, False, True]


def test_reserve_changes_nothing_where_one_word_is_wrong(
    project: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["reserve", str(project.root), "--frames", "1,9"]) == 1
    assert capsys.readouterr().err == "rewis3d: frames 9 are not in the project: it has 0-3\n"
    with project.read() as conn:
        assert not any(frame.reserved for frame in store.list_frames(conn))


def test_the_sample_s_first_scene_waits_for_the_worker_and_only_the_first(
    project: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    served: list[Path] = []
    monkeypatch.setattr(sample, "sample_project", lambda *_, **__: project.root)
    monkeypatch.setattr(studio, "serve", lambda root, **_: served.append(root))
    for _ in range(2):
        assert main(["demo", "--no-browser"]) == 0
    assert served == [project.root] * 2
    with project.read() as conn:
        (row,) = scenes.list_scenes(conn)
        assert row.run.run_id in jobs.waiting(conn)
