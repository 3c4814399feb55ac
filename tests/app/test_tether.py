"""A tethered command is the command itself, and ends with its parent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from app import tether
from tests import processes

WAIT = "import os, sys, time; print(os.getpid(), sys.argv[1], flush=True); time.sleep(60)"
PARENT = """
import subprocess, sys
from app.tether import tethered
subprocess.Popen(tethered([sys.executable, "-c", *sys.argv[1:]])).wait()
"""


def test_the_command_takes_the_place_of_the_tether() -> None:
    line = tether.tethered([sys.executable, "-c", WAIT, "word"])
    with processes.started(tuple(line)) as process:
        assert process.stdout is not None
        pid, word = process.stdout.readline().split()
        assert (int(pid), word) == (process.pid, b"word")
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == -signal.SIGTERM


def test_the_exit_status_is_the_commands() -> None:
    line = tether.tethered([sys.executable, "-c", "raise SystemExit(5)"])
    assert subprocess.run(line, check=False).returncode == 5


def test_the_command_ends_with_its_parent_however_that_ends() -> None:
    with processes.started((sys.executable, "-P", "-c", PARENT, WAIT, "word")) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline().split()[0])
        assert Path(f"/proc/{pid}").exists()
        processes.kill(parent)
        processes.eventually(lambda: not alive(pid), seconds=10)


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def test_a_parent_that_is_gone_already_starts_nothing(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    command = [sys.executable, "-c", f"open({str(mark)!r}, 'w')"]
    line = tether.tethered(command)
    place = line.index(str(os.getpid()))
    line[place] = str(os.getppid())  # somebody else than who starts it
    assert subprocess.run(line, check=False).returncode == 1
    assert not mark.exists()
