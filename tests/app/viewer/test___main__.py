from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.viewer.messages import (
    Answer,
    Appearance,
    Changed,
    Open,
    Opened,
    Request,
    Shown,
    Trouble,
    from_line,
    to_line,
)
from app.workspace import Workspace
from tests.app import samples
from tests.app.viewer import worlds

Viewer = subprocess.Popen[bytes]


def start(root: Path) -> Viewer:
    command = [sys.executable, "-P", "-m", "app.viewer", str(root), "2000"]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)


def say(viewer: Viewer, message: Request) -> None:
    assert viewer.stdin is not None
    viewer.stdin.write(to_line(message))


def hear(viewer: Viewer) -> Answer | Request:
    assert viewer.stdout is not None
    return from_line(viewer.stdout.readline())


@pytest.fixture
def viewer(project: Workspace) -> Iterator[Viewer]:
    worlds.give_scene(project)
    with start(project.root) as viewer:
        late = threading.Timer(60, viewer.kill)
        late.start()
        yield viewer
        late.cancel()
        viewer.kill()


def test_a_viewer_serves_tabs_until_its_input_ends(viewer: Viewer, project: Workspace):
    frame = samples.frame_ids(project)[0]
    say(viewer, Open("one", frame, Appearance()))
    opened, shown = hear(viewer), hear(viewer)
    assert isinstance(opened, Opened)
    assert isinstance(shown, Shown)
    assert shown.registered
    assert 1000 < shown.points <= 2000
    say(viewer, Changed("scene"))
    assert isinstance(hear(viewer), Shown)
    assert viewer.stdin is not None
    viewer.stdin.close()
    assert viewer.wait(10) == 0


def test_a_viewer_that_is_at_work_ends_with_its_input_too(viewer: Viewer, project: Workspace):
    """Stopped in the middle, the thread that reads still sees the end."""
    say(viewer, Open("one", samples.frame_ids(project)[0], Appearance()))
    hear(viewer)
    os.kill(viewer.pid, signal.SIGSTOP)
    assert viewer.stdin is not None
    viewer.stdin.close()
    os.kill(viewer.pid, signal.SIGCONT)
    assert viewer.wait(10) == 0


def test_a_folder_that_is_no_project_is_named(tmp_path: Path):
    with start(tmp_path) as viewer:
        answer = hear(viewer)
        assert isinstance(answer, Trouble)
        assert str(tmp_path) in answer.line
        assert viewer.wait(10) == 1
