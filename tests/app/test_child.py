"""The child's own side: one report per line, errors as the last one, never alive alone."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from app import child
from rewis3d.job import Job, View, write_job
from rewis3d.reports import Done, Failed, Point, Progress, Report, from_line
from rewis3d.types import ClassSpec, Rewis3dError
from tests import processes
from tests.app.fake_worker import COMMAND

PARENT = """
import os, subprocess, sys, time
reading, writing = os.pipe()
subprocess.Popen([*sys.argv[1:-1], str(writing), sys.argv[-1]], pass_fds=(writing,))
time.sleep(600)
"""


@pytest.fixture
def job(tmp_path: Path) -> Path:
    """A job folder of two frames, in rounds/0001/job as in a project."""
    return write(tmp_path / "rounds/0001/job")


def write(folder: Path, **config: object) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    classes = tuple(ClassSpec(index, name, (0, 0, 0)) for index, name in enumerate("ab"))
    views = (View(1, "1.png", 48, 64), View(2, "2.png", 48, 64))
    write_job(Job(task="quick", views=views, classes=classes, config=config, seed=0), folder)
    return folder


def run_child(folder: Path, command: tuple[str, ...] = COMMAND) -> tuple[list[Report], int]:
    """Run a child to its end; its reports and its exit status."""
    reading, writing = os.pipe()
    with subprocess.Popen([*command, str(writing), str(folder)], pass_fds=(writing,)) as process:
        os.close(writing)
        with os.fdopen(reading) as pipe:
            reports = [from_line(line) for line in pipe]
    return reports, process.returncode


def test_reports_come_in_order_and_done_last(job: Path) -> None:
    reports, status = run_child(job)
    assert status == 0
    assert [report.step for report in reports if isinstance(report, Point)] == [0, 1]
    assert reports[-1] == Done({"frames": 2})


def test_the_real_child_names_what_it_cannot_do(job: Path) -> None:
    command = (sys.executable, "-P", "-m", "app.child")
    (job / "job.json").write_text("{}")
    reports, status = run_child(job, command)
    assert status == 0
    assert [type(report) for report in reports] == [Failed]
    assert isinstance(reports[0], Failed)
    assert f"{job}: not a job folder" in reports[0].message
    assert not reports[0].traceback


def test_an_app_folder_of_the_user_does_not_take_our_place(
    job: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "app/__init__.py").write_text("raise SystemExit('the wrong app')")
    monkeypatch.chdir(tmp_path)
    (job / "job.json").unlink()
    reports, status = run_child(job, (sys.executable, "-P", "-m", "app.child"))
    assert status == 0
    assert len(reports) == 1


def failing(error: Exception) -> list[Report]:
    def work(folder: Path) -> Iterator[Report]:
        yield Progress("reading", 0, 1)
        raise error

    return list(child.reports(Path("job"), work))


def test_a_refusal_is_one_line_without_a_traceback() -> None:
    assert failing(Rewis3dError("frame 3 can't be read")) == [
        Progress("reading", 0, 1),
        Failed("frame 3 can't be read", ""),
    ]


def test_a_full_disk_is_named(tmp_path: Path) -> None:
    *_, last = failing(OSError(errno.ENOSPC, "No space left on device", str(tmp_path / "a.png")))
    assert last == Failed(f"{tmp_path / 'a.png'}: the disk is full", "")


def test_a_defect_keeps_its_traceback_and_says_one_line() -> None:
    *_, last = failing(ValueError("no such thing\nas a second line"))
    assert isinstance(last, Failed)
    assert last.message == "ValueError: no such thing"
    assert "in work" in last.traceback


def test_an_unknown_task_is_refused(job: Path) -> None:
    file = job / "job.json"
    file.write_text(file.read_text().replace('"quick"', '"dance"'))
    with pytest.raises(Rewis3dError, match="unknown task 'dance'"):
        child.run(job)


@pytest.mark.parametrize("wrong", ["hang", "stubborn"])
def test_a_child_dies_with_its_parent(tmp_path: Path, wrong: str) -> None:
    folder = write(tmp_path / "rounds/0001/job", at=0, wrong=wrong)
    parent = (sys.executable, "-c", PARENT, *COMMAND)
    with processes.started(parent, folder) as process:
        processes.eventually((folder / f"went-wrong-{wrong}").exists)
        (orphan,) = set(processes.working_on(tmp_path)) - {process.pid}
        nicer = os.getpriority(os.PRIO_PROCESS, 0) + 10
        assert os.getpriority(os.PRIO_PROCESS, orphan) == min(nicer, 19)  # 19 is the nicest
        processes.kill(process)
        processes.eventually(lambda: not processes.working_on(tmp_path), seconds=2)


def test_a_child_whose_parent_is_dead_already_does_nothing(job: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    line = [*COMMAND, str(writing), str(job)]
    status = subprocess.run(line, pass_fds=(writing,), check=False, timeout=20).returncode
    os.close(writing)
    assert status == 1
    assert not (job.parent / "predictions").exists()


def test_a_child_that_nobody_hears_any_more_ends(job: Path) -> None:
    write(job, seconds=0.3)
    reading, writing = os.pipe()
    line = [*COMMAND, str(writing), str(job)]
    with subprocess.Popen(line, pass_fds=(writing,), stderr=subprocess.PIPE) as process:
        os.close(writing)
        os.read(reading, 1)
        os.close(reading)
        started = time.monotonic()
        _, printed = process.communicate(timeout=20)
    assert time.monotonic() - started < 5
    assert b"BrokenPipeError" in printed
    assert process.returncode not in (0, -signal.SIGKILL)
