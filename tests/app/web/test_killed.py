"""The server is killed while strokes arrive, alone or with the worker: no acknowledged one is lost.

The servers are real processes with real sockets, without Gradio's page, which has no part in
keeping a stroke and takes seconds to import.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import subprocess
import threading
import time
from collections.abc import Set
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select

from annotations import store
from annotations.schema import strokes
from app import events, jobs
from app.schema import RunState
from app.workspace import Workspace, open_workspace
from tests import processes
from tests.app import samples
from tests.app.running import ended, fake_round, predicted, run_of

MOMENTS = 20
HANDS = 3
"""People (or tabs) that draw at the same time."""
MOST_ACKNOWLEDGED = 12
"""A server is killed after 0 to so many answers: moments are counted, as a busy machine is slow."""
PATIENCE = 120.0
"""Seconds until something is wrong, and not just slow."""


def serve(root: Path, address: Connection) -> None:
    import uvicorn

    from app.studio import bound
    from app.web.auth import Access
    from app.web.server import create_app

    workspace = open_workspace(root)
    with bound("127.0.0.1", 0) as sock:
        address.send(sock.getsockname()[1])
        app = create_app(workspace, access=Access(), page=False)
        uvicorn.Server(uvicorn.Config(app, log_config=None)).run(sockets=[sock])


class Hand:
    """Draws one stroke after the other and remembers which were acknowledged."""

    def __init__(self, seed: int, frames: list[int]) -> None:
        self._rng = random.Random(seed)
        self._frames = frames
        self.acknowledged: dict[str, int] = {}
        self.in_hand: dict[str, Any] | None = None

    def draw(self, port: int) -> None:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE) as client:
            while True:
                self.in_hand = self.in_hand or self._new()  # what got no answer is sent again
                try:
                    answer = client.post("/api/strokes", json=self.in_hand)
                except httpx.TransportError:
                    return
                assert answer.status_code == 200, answer.text
                self.acknowledged[self.in_hand["uuid"]] = answer.json()["revision"]
                self.in_hand = None

    def _new(self) -> dict[str, Any]:
        xy = [[self._rng.uniform(0, 64), self._rng.uniform(0, 48)] for _ in range(50)]
        return {
            "uuid": str(UUID(int=self._rng.getrandbits(128))),
            "frame": self._rng.choice(self._frames),
            "class": self._rng.randrange(3),
            "width": 3.5,
            "xy": xy,
            "client": "hand",
        }


@pytest.fixture(scope="module")
def servers() -> Any:
    """Processes are forked from one that has imported the application already."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["app.web.server", "app.studio", "uvicorn"])
    return context


@pytest.mark.slow
def test_no_acknowledged_stroke_is_lost(servers: Any, project: Workspace):
    frames = samples.frame_ids(project)
    project.close()
    moments = random.Random(2026)
    hands = [Hand(seed, frames) for seed in range(HANDS)]
    for _ in range(MOMENTS):
        answers = moments.randint(0, MOST_ACKNOWLEDGED)
        before = acknowledged(hands)
        kill_after(answers, moments.uniform(0.0, 0.02), hands, servers, project.root)
        assert acknowledged(hands) >= before + answers
        check(project.root, hands)


def acknowledged(hands: list[Hand]) -> int:
    return sum(len(hand.acknowledged) for hand in hands)


@pytest.mark.slow
@pytest.mark.parametrize("at", [1, 3])
def test_a_server_and_a_worker_killed_at_once_lose_nothing(
    servers: Any, project: Workspace, at: int
):
    frames = samples.frame_ids(project)
    samples.label_all(project, frames=2)
    with project.read() as conn:
        drawn_before = set(conn.scalars(select(strokes.c.uuid)))
    hands = [Hand(seed, frames) for seed in range(HANDS)]
    with processes.started(processes.FAKE_WORKER, project.root) as worker:
        one = fake_round(project, at=at, wrong="hang")
        processes.eventually(lambda: len(predicted(project, one.number)) == at, seconds=PATIENCE)
        kill_after(MOST_ACKNOWLEDGED, 0.01, hands, servers, project.root, beside=worker)
    assert acknowledged(hands) >= MOST_ACKNOWLEDGED
    check(project.root, hands, drawn_before=drawn_before)
    processes.eventually(lambda: not processes.working_on(project.root), seconds=PATIENCE)
    assert jobs.name_interrupted(project) == [one.run.run_id]
    assert run_of(project, one.run.run_id).state is RunState.INTERRUPTED
    assert len(predicted(project, one.number)) == at
    jobs.resume(project, one.run.run_id)
    with processes.started(processes.FAKE_WORKER, project.root):
        assert ended(project, one.run.run_id, seconds=PATIENCE).state is RunState.DONE
    assert run_of(project, one.run.run_id).attempt == 2
    assert predicted(project, one.number) == set(frames)
    check(project.root, hands, drawn_before=drawn_before)


def kill_after(
    answers: int,
    seconds: float,
    hands: list[Hand],
    servers: Any,
    root: Path,
    *,
    beside: subprocess.Popen[bytes] | None = None,
) -> None:
    """Run a server, let the hands draw, kill it so many answers and seconds later.

    The seconds put the kill anywhere in the strokes that are under way then. A process `beside` the
    server is killed with it.
    """
    wanted = acknowledged(hands) + answers
    ours, theirs = servers.Pipe()
    server = servers.Process(target=serve, args=(root, theirs), daemon=True)
    server.start()
    try:
        port = ours.recv()
        httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=PATIENCE).raise_for_status()
        drawing = [threading.Thread(target=hand.draw, args=(port,)) for hand in hands]
        for thread in drawing:
            thread.start()
        processes.eventually(lambda: acknowledged(hands) >= wanted, seconds=PATIENCE, every=0.002)
        time.sleep(seconds)
    finally:
        os.kill(server.pid, signal.SIGKILL)
        if beside is not None:
            beside.kill()
        server.join()
    for thread in drawing:
        thread.join()
    server.close()
    ours.close()
    theirs.close()


def check(root: Path, hands: list[Hand], *, drawn_before: Set[str] = frozenset()) -> None:
    """Every acknowledged stroke is there and shown; of the others at most those in hand."""
    with open_workspace(root) as workspace, workspace.read() as conn:
        rows = conn.execute(select(strokes)).all()
        shown = {
            stroke.uuid
            for frame in store.list_frames(conn)
            for stroke in store.strokes_at(conn, frame.frame_id)
        }
        announced = [event for event in events.after(conn, 0) if event.kind == "stroke"]
        assert conn.exec_driver_sql("PRAGMA integrity_check").scalar_one() == "ok"
    there = {row.uuid for row in rows}
    kept = {row.uuid: row.created_revision for row in rows if row.uuid not in drawn_before}
    promised = {uuid: at for hand in hands for uuid, at in hand.acknowledged.items()}
    assert promised.items() <= kept.items()
    assert kept.keys() - promised.keys() <= {hand.in_hand["uuid"] for hand in hands if hand.in_hand}
    assert shown == there >= drawn_before
    assert len(announced) == len(kept)
