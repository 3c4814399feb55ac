from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from app.supervisor import Supervisor

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]


def wait_for(what: Callable[[], object], seconds: float = 10) -> None:
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.01)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().split(")")[1].split()[0] != "Z"


def test_a_worker_that_dies_is_started_again(caplog: pytest.LogCaptureFixture):
    supervisor = Supervisor(SLEEP, first_pause=0.01)
    supervisor.start()
    try:
        wait_for(lambda: supervisor.pid)
        first = supervisor.pid
        assert first is not None
        os.kill(first, signal.SIGKILL)
        wait_for(lambda: supervisor.pid not in (None, first))
    finally:
        supervisor.stop()
    assert "the worker ended (status -9)" in caplog.text
    assert supervisor.pid is None


def test_a_worker_that_can_t_live_is_tried_ever_more_rarely(tmp_path: Path):
    log = tmp_path / "starts"
    code = f"open({str(log)!r}, 'a').write('x'); raise SystemExit(1)"
    supervisor = Supervisor([sys.executable, "-c", code], first_pause=0.2)
    supervisor.start()
    time.sleep(1.6)  # starts after 0, .2, .6 and 1.4 seconds, and what a start takes
    supervisor.stop()
    assert 2 <= len(log.read_text()) <= 4


def test_a_worker_that_does_not_listen_is_killed(tmp_path: Path):
    ready = tmp_path / "ready"
    code = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        f"open({str(ready)!r}, 'w'); time.sleep(60)"
    )
    supervisor = Supervisor([sys.executable, "-c", code])
    supervisor.start()
    wait_for(ready.exists)
    pid = supervisor.pid
    assert pid is not None
    started = time.monotonic()
    supervisor.stop(patience=0.3)
    assert time.monotonic() - started < 3
    assert not alive(pid)


STUDIO = """
import sys, time
from app.supervisor import Supervisor
Supervisor(sys.argv[1:]).start()
time.sleep(60)
"""
WORKER = """
import os, sys, time
open(sys.argv[1], "w").write(str(os.getpid()))
time.sleep(60)
"""


def test_a_worker_does_not_outlive_a_studio_that_is_killed(tmp_path: Path):
    note = tmp_path / "pid"
    worker = [sys.executable, "-c", WORKER, str(note)]
    studio = subprocess.Popen([sys.executable, "-c", STUDIO, *worker])
    try:
        wait_for(lambda: note.exists() and note.read_text())
        worker_pid = int(note.read_text())
        assert alive(worker_pid)
    finally:
        studio.kill()
        studio.wait()
    wait_for(lambda: not alive(worker_pid), seconds=5)
