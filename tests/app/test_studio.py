from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect
from websockets.sync.connection import Connection

from app import slots, studio
from app.errors import StudioError
from app.settings import Settings
from app.workspace import Workspace


def test_a_project_is_open_in_one_studio_only(project: Workspace):
    with studio.only_studio(project.root) as lock:
        os.pwrite(lock, b"http://127.0.0.1:1234", 0)
        assert slots.studio_runs(project)
        with (
            pytest.raises(StudioError, match=r"already open in a studio at http://127.0.0.1:1234$"),
            studio.only_studio(project.root),
        ):
            pass
    with studio.only_studio(project.root):
        pass


def test_a_look_at_the_lock_is_no_studio(project: Workspace):
    file = project.root / "locks" / slots.STUDIO_LOCK
    with studio.only_studio(project.root):
        pass
    looking = subprocess.Popen(
        [
            sys.executable,
            "-c",
            (
                "import fcntl, sys, time; file = open(sys.argv[1]);"
                "fcntl.flock(file, fcntl.LOCK_SH); print('held', flush=True); time.sleep(.2)"
            ),
            str(file),
        ],
        stdout=subprocess.PIPE,
    )
    assert looking.stdout is not None
    looking.stdout.readline()
    with studio.only_studio(project.root):
        pass
    looking.communicate()


def test_a_port_in_use_is_said_in_one_line():
    with studio.bound("127.0.0.1", 0) as sock:
        port = sock.getsockname()[1]
        with pytest.raises(StudioError, match=rf"port {port} of 127.0.0.1 is in use.*--port"):
            studio.bound("127.0.0.1", port).__enter__()


def test_an_address_that_is_not_ours_is_said_in_one_line():
    with pytest.raises(StudioError, match="does not have that address"):
        studio.bound("192.0.2.1", 0).__enter__()
    with pytest.raises(StudioError, match="no address of this machine"):
        studio.bound("no such host", 0).__enter__()


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:80"),
        ("localhost", "http://localhost:80"),
        ("0.0.0.0", "http://127.0.0.1:80"),
        ("::", "http://[::1]:80"),
        ("::1", "http://[::1]:80"),
    ],
)
def test_the_url_is_one_that_opens_here(host: str, url: str):
    assert studio.address(host, 80) == url


def test_a_public_address_gets_a_token_of_its_own():
    made = [studio.access_for(Settings(host="0.0.0.0", token=None)).token for _ in range(2)]
    assert made[0] != made[1]
    assert all(token and len(token) >= 32 for token in made)
    assert studio.access_for(Settings(host="0.0.0.0", token="my own token")).token == "my own token"
    assert studio.access_for(Settings(host="0.0.0.0", token="")).token
    assert studio.access_for(Settings(token=None)).token is None
    with pytest.raises(StudioError, match="too short"):
        studio.access_for(Settings(host="0.0.0.0", token="short"))


@contextmanager
def running(root: Path, *options: str, **variables: str) -> Iterator[tuple[subprocess.Popen, str]]:
    """Run `rewis3d annotate` on a project; yield the process and the first line it prints."""
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "app", "annotate", str(root), "--no-browser", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "REWIS3D_PORT": "0", **variables},
    )
    assert process.stdout is not None
    try:
        yield process, process.stdout.readline()
    finally:
        process.kill()
        process.communicate()


def test_the_studio_runs_with_its_worker_and_stops_with_open_tabs(project: Workspace):
    with running(project.root) as (process, line):
        url = line.partition(": ")[2].strip()
        assert "gradio" in httpx.get(url).text
        wait_until_alive(url)
        worker = children(process.pid)
        with connect(url.replace("http", "ws") + "/api/live", proxy=None) as tab:
            tab.recv()
            second = subprocess.run(
                [sys.executable, "-P", "-m", "app", "annotate", str(project.root), "--port", "0"],
                capture_output=True,
                text=True,
                check=False,
            )
            assert second.returncode == 1
            assert second.stderr.strip().endswith(f"already open in a studio at {url}")
            started = time.monotonic()
            process.send_signal(signal.SIGTERM)
            with pytest.raises(ConnectionClosed):
                listen(tab)
        process.wait(10)
        assert time.monotonic() - started < 8  # 5 s on an idle machine
    assert process.returncode == 0
    assert worker
    assert not [pid for pid in worker if Path(f"/proc/{pid}").exists()]
    assert not slots.holders(project)


def listen(tab: Connection) -> None:
    """Take events until the other side ends the connection."""
    while True:
        tab.recv(timeout=5)


def wait_until_alive(url: str) -> None:
    for _ in range(200):
        if httpx.get(f"{url}/api/project").json()["worker"]:
            return
        time.sleep(0.1)
    raise TimeoutError("no worker")


def children(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for task in tasks for child in task.read_text().split()]


def test_a_public_studio_prints_its_token_once_and_lets_it_in(project: Workspace):
    variables = {"REWIS3D_HOST": "0.0.0.0", "REWIS3D_TOKEN": ""}
    with running(project.root, "--no-worker", **variables) as (process, line):
        assert process.stdout is not None
        url = line.partition(": ")[2].strip()
        token = process.stdout.readline().partition(": ")[2].strip()
        with httpx.Client(base_url=url) as client:
            assert client.get("/api/project").status_code == 401
            welcome = client.post("/login", data={"token": token})
            cookie = welcome.headers["set-cookie"].lower()
            assert "httponly" in cookie
            assert "samesite=strict" in cookie
            assert "secure" not in cookie  # plain http: the browser would not send it back
            assert client.get("/api/project").status_code == 200
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=15)
        assert token not in output + errors
        assert process.returncode == 0


def test_a_port_in_use_ends_the_command_with_one_line(project: Workspace):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        with running(project.root, "--port", port) as (process, line):
            _, errors = process.communicate(timeout=30)
    assert (process.returncode, line) == (1, "")
    assert errors.count("\n") == 1
    assert f"port {port} of 127.0.0.1 is in use" in errors


SERVE_AND_LOOK = """
import os, signal, sys, threading, httpx
from pathlib import Path
from app import studio
from app.settings import Settings

def look(url, *_):
    def ask():
        httpx.get(url).raise_for_status()
        httpx.get(url + "/api/project").raise_for_status()
        os.kill(os.getpid(), signal.SIGTERM)
    threading.Thread(target=ask).start()

studio._welcome = look
studio.serve(Path(sys.argv[1]), settings=Settings(port=0), worker=False)
heavy = {"torch", "transformers", "onnxruntime"} & set(sys.modules)
sys.exit(f"imported {heavy}" if heavy else 0)
"""


def test_the_web_process_never_imports_torch(project: Workspace):
    served = subprocess.run(
        [sys.executable, "-P", "-c", SERVE_AND_LOOK, str(project.root)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert served.returncode == 0, served.stderr
