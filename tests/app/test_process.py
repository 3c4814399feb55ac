"""The child as the worker sees it: reports as they come, a bounded log, a certain end."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from app import process
from app.process import Process
from rewis3d.reports import Done, Report
from rewis3d.types import Rewis3dError
from tests import processes
from tests.app.fake_worker import COMMAND
from tests.app.test_child import write


def collect(child: Process) -> list[Report]:
    found: list[Report] = []
    while child.reporting:
        found += child.poll(0.1)
    return found


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("kill", "the system killed the job, most likely because memory ran out"),
        ("segfault", "the job crashed (SIGSEGV); the.log says where"),
        ("exit", "the job stopped without a result (exit status 3); the.log says why"),
    ],
)
def test_an_end_without_a_result_is_explained(tmp_path: Path, wrong: str, said: str) -> None:
    folder = write(tmp_path / "rounds/0001/job", at=1, wrong=wrong)
    with Process(folder, threads=1, command=COMMAND) as child:
        assert not any(isinstance(report, Done) for report in collect(child))
        assert process.how_it_ended(child.leave(), "the.log") == said
    log = (folder / process.LOG).read_text()
    assert f"about to {wrong}" in log
    assert ("Segmentation fault" in log) == (wrong == "segfault")


def test_what_is_printed_is_kept_up_to_a_size(tmp_path: Path) -> None:
    folder = write(tmp_path / "rounds/0001/job", at=1, wrong="babble")
    with Process(folder, threads=1, command=COMMAND) as child:
        assert isinstance(collect(child)[-1], Done)
        assert child.leave() == 0
    kept = [file.stat().st_size for file in folder.glob(process.LOG + "*")]
    assert len(kept) == 2
    assert max(kept) <= 1 << 20


@pytest.mark.parametrize("ending", ["leaves", "is stopped"])
def test_what_a_child_held_in_memory_is_known_when_it_has_ended(
    tmp_path: Path, ending: str
) -> None:
    code = "import os, sys, time; x = b'1' * (64 << 20); os.close(int(sys.argv[1])); "
    code += "time.sleep(600)" if ending == "is stopped" else "x"
    with Process(tmp_path, threads=1, command=("python3", "-c", code)) as child:
        collect(child)
        assert child.peak_memory_bytes == 0
        if ending == "leaves":
            assert child.leave() == 0
    assert 64 << 20 < child.peak_memory_bytes < 64 << 30


@pytest.mark.parametrize("wrong", ["hang", "stubborn"])
def test_a_child_is_stopped_with_all_that_it_started(tmp_path: Path, wrong: str) -> None:
    folder = write(tmp_path / "rounds/0001/job", at=0, wrong=wrong)
    with Process(folder, threads=1, command=COMMAND) as child:
        processes.eventually((folder / f"went-wrong-{wrong}").exists)
        started = time.monotonic()
        child.stop()
        assert time.monotonic() - started < 3.5
        assert not processes.working_on(tmp_path)


def test_a_child_that_does_not_leave_after_its_last_report_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "_LEAVE_SECONDS", 0.3)
    code = "import os, sys, time; os.close(int(sys.argv[1])); time.sleep(600)"
    with Process(tmp_path, threads=1, command=("python3", "-c", code)) as child:
        assert collect(child) == []
        assert child.leave() == -9


def test_a_grandchild_goes_with_the_child(tmp_path: Path) -> None:
    code = (
        "import subprocess, sys; subprocess.Popen([sys.executable, '-c',"
        f" 'import time; time.sleep(600)', '{tmp_path}/rounds'])"
    )
    with Process(tmp_path, threads=1, command=("python3", "-c", code)) as child:
        collect(child)
        child.leave()
    processes.eventually(lambda: not processes.working_on(tmp_path), seconds=2)


def test_a_line_that_is_no_report_is_refused(tmp_path: Path) -> None:
    code = "import os, sys; os.write(int(sys.argv[1]), b'hello\\n')"
    with (
        Process(tmp_path, threads=1, command=("python3", "-c", code)) as child,
        pytest.raises(Rewis3dError, match="not a report: 'hello'"),
    ):
        collect(child)


@pytest.mark.parametrize(("chosen", "wait"), [(None, "ACTIVE 4000"), ("PASSIVE", "PASSIVE 4000")])
def test_the_child_has_its_threads_and_they_spin_briefly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chosen: str | None, wait: str
) -> None:
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    if chosen:  # by who started the worker
        monkeypatch.setenv("OMP_WAIT_POLICY", chosen)
    code = (
        "import os, sys; from rewis3d.reports import *;"
        " wait = os.environ['OMP_WAIT_POLICY'] + ' ' + os.environ['GOMP_SPINCOUNT'];"
        " line = to_line(Done({'omp': os.environ['OMP_NUM_THREADS'], 'wait': wait}));"
        " os.write(int(sys.argv[1]), line.encode() + b'\\n')"
    )
    with Process(tmp_path, threads=3, command=(sys.executable, "-c", code)) as child:
        assert collect(child) == [Done({"omp": "3", "wait": wait})]


@pytest.mark.parametrize("chosen", [None, "glibc.malloc.arena_max=2"])
def test_the_child_keeps_memory_unless_somebody_chose_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chosen: str | None
) -> None:
    monkeypatch.delenv("GLIBC_TUNABLES", raising=False)
    if chosen:  # by who started the worker
        monkeypatch.setenv("GLIBC_TUNABLES", chosen)
    code = (
        "import os, sys; from rewis3d.reports import *;"
        " line = to_line(Done({'memory': os.environ['GLIBC_TUNABLES']}));"
        " os.write(int(sys.argv[1]), line.encode() + b'\\n')"
    )
    with Process(tmp_path, threads=1, command=(sys.executable, "-c", code)) as child:
        (done,) = collect(child)
    assert isinstance(done, Done)
    wanted = "glibc.malloc.arena_max=1:glibc.malloc.mmap_threshold=134217728:"
    assert done.result["memory"].startswith(chosen or wanted)
