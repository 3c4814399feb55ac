"""Scenes by command: made here or by a worker, reported, stopped, gone on with, chosen."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import app.attempt
from app import scenes, slots
from app.cli import follow
from app.cli.main import main
from app.cli.reconstruction import flat_ranges, summary
from app.schema import RunState
from app.workspace import Workspace
from tests.app import running
from tests.app.cli.conftest import Refused
from tests.app.fake_scene import STILL, fake_scene

real_attempt = app.attempt.attempt


@pytest.fixture(autouse=True)
def light_child(monkeypatch: pytest.MonkeyPatch) -> None:
    """Scenes are made by the child of tests/app/fake_child.py."""
    monkeypatch.setattr(app.attempt, "attempt", partial(real_attempt, command=running.COMMAND))


@pytest.fixture
def worker_slot(project: Workspace) -> Iterator[slots.Slot]:
    """A worker that is there and does nothing."""
    with slots.hold(project) as slot:
        yield slot


def reconstruct(workspace: Workspace, *options: str) -> int:
    return main(["reconstruct", str(workspace.root), *options])


def row(workspace: Workspace, number: int = 1) -> scenes.SceneRow:
    with workspace.read() as conn:
        return scenes.get_scene(conn, number)


def test_without_a_worker_the_scene_is_made_here(
    project: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ("--backend", "colmap", "--focal", "55.5", "--set", "planes=16")
    assert reconstruct(project, *options) == 0
    config = row(project).config
    assert (config["backend"], config["focal"], config["planes"]) == ("colmap", 55.5, 16)
    out, _ = capsys.readouterr()
    made, flat = out.splitlines()
    assert re.fullmatch(
        r"scene 1: 3 of 4 frames in 1 piece by colmap, depth for \d+ % of the pixels,"
        r" off by 0\.62 px, 2 s",
        made,
    )
    assert flat == f"frame 3: 2D only: {STILL}"
    assert slots.holders(project) == set()


def test_with_a_worker_the_command_waits_for_it(
    project: Workspace, worker_slot: slots.Slot, capsys: pytest.CaptureFixture[str]
) -> None:
    def work() -> None:
        while True:
            with project.read() as conn:
                found = scenes.list_scenes(conn)
            if found:
                run_id = found[0].run.run_id
                stop = threading.Event()
                app.attempt.attempt(project, run_id, slot=worker_slot.holder, stop=stop)
                return
            time.sleep(0.01)

    thread = threading.Thread(target=work)
    thread.start()
    assert reconstruct(project, "--json", "-") == 0
    thread.join()
    report = json.loads(capsys.readouterr().out)
    assert report == row(project).report
    assert {"backend", "frames", "pieces", "coverage", "reprojection_error_px", "seconds"} < {
        *report
    }
    assert {"frame", "backend", "piece", "coverage"} < set(report["per_frame"][0])


def test_the_report_goes_to_a_file_and_to_people(
    project: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert reconstruct(project, "--json", str(tmp_path / "r.json")) == 0
    assert json.loads((tmp_path / "r.json").read_text())["frames"]["total"] == 4
    assert capsys.readouterr().out.startswith("scene 1: 3 of 4")


def test_what_makes_no_sense_is_one_line(project: Workspace, refused: Refused) -> None:
    root = project.root
    wrong = refused("reconstruct", root, "--set", "planets=9")
    assert wrong.startswith("unknown setting 'planets'; known: backend, focal")
    assert refused("reconstruct", root, "--backend", "given").startswith("backend 'given' needs")
    assert refused("reconstruct", root, "--given", "gone") == "gone does not exist"
    assert refused("reconstruct", root, "--resume", "7") == "there is no scene 7"
    assert main(["reconstruct", str(root), "--backend", "magic"]) == 2
    assert main(["reconstruct", str(root), "--list", "--cancel", "1"]) == 2
    assert main(["reconstruct", str(root), "--set", "planes"]) == 2


def test_a_scene_that_fails_says_why_and_can_go_on(project: Workspace, refused: Refused) -> None:
    fake_scene(project, at=1, wrong="refuse")
    assert refused("reconstruct", project.root, "--resume", "1") == (
        "scene 1 is failed: frame 3 can't be read"
    )
    assert reconstruct(project, "--resume", "1") == 0
    assert row(project).run.state is RunState.DONE
    assert refused("reconstruct", project.root, "--resume", "1") == (
        "scene 1 can't be resumed: it is done"
    )


def test_ctrl_c_says_how_to_go_on(
    project: Workspace, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_scene(project, at=1, wrong="hang")

    def interrupt(_: float) -> None:
        if row(project).run.stage:
            raise KeyboardInterrupt

    monkeypatch.setattr(follow, "sleep", interrupt)
    assert reconstruct(project, "--resume", "1") == 130
    said = capsys.readouterr().err.splitlines()[-1]
    assert said == f"scene 1 is interrupted; go on: rewis3d reconstruct {project.root} --resume 1"


def test_scenes_are_listed_chosen_and_stopped(
    project: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    assert reconstruct(project, "--list") == 0
    assert capsys.readouterr().out == "no scenes yet: `rewis3d reconstruct` makes one\n"
    assert reconstruct(project) == reconstruct(project) == 0
    fake_scene(project)
    capsys.readouterr()
    assert reconstruct(project, "--activate", "1") == 0
    assert reconstruct(project, "--cancel", "3") == 0
    assert capsys.readouterr().out == "scene 1 is used\nscene 3: cancel requested\n"
    assert reconstruct(project, "--list") == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines[1][:3] == ["3", "cancelled", "auto"]
    assert lines[2][:5] == ["2", "done", "colmap", "3/4", "1"]
    assert lines[3][:5] == ["*1", "done", "colmap", "3/4", "1"]
    assert reconstruct(project, "--list", "--json", "-") == 0
    listed: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    assert [(one["number"], one["active"], one["state"]) for one in listed] == [
        (3, False, "cancelled"),
        (2, False, "done"),
        (1, True, "done"),
    ]


def test_flat_frames_are_named_in_ranges() -> None:
    rows = [{"backend": backend, "reason": reason} for backend, reason in FLAT]
    assert list(flat_ranges(rows)) == [
        "frames 1-2: 2D only: the camera does not move",
        "frame 3: 2D only: too dark",
        "frame 5: 2D only: no reason is known",
    ]


FLAT = [
    ("colmap", None),
    (None, "the camera does not move"),
    (None, "the camera does not move"),
    (None, "too dark"),
    ("colmap", "few points"),
    (None, None),
]


def test_cuts_and_notes_are_said() -> None:
    report = {
        "backend": "colmap",
        "frames": {"total": 9, "registered": 9},
        "pieces": 2,
        "coverage": 0.914,
        "reprojection_error_px": None,
        "seconds": 12.4,
        "cuts": ["street_004"],
        "per_frame": [],
        "notes": ["the focal length is estimated"],
    }
    assert list(summary(2, report)) == [
        "scene 2: 9 of 9 frames in 2 pieces by colmap, depth for 91 % of the pixels, 12 s",
        "cut before frame street_004: what comes after has no place relative to what was before",
        "the focal length is estimated",
    ]
