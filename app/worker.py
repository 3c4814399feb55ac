"""One slot of the job engine: takes the runs that wait, and works on them in child processes."""

from __future__ import annotations

import logging
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue
from threading import Event, Lock, Thread
from typing import Final

from app import jobs, process, slots
from app.attempt import attempt
from app.database import explained
from app.errors import StudioError
from app.slots import Slot
from app.workspace import Workspace, open_workspace

_log = logging.getLogger(__name__)

_FEED_SECONDS: Final = 0.2
_SWEEP_SECONDS: Final = 1.0


def main(root: Path, slot: str | None = None, *, command: Sequence[str] = process.COMMAND) -> None:
    """Work on a project until SIGTERM or SIGINT; what runs then is interrupted, to go on later.

    StudioError where the project can't be opened or the slot is held by another worker.
    """
    stop, asked = Event(), SimpleQueue[None]()
    # A signal comes between any two steps of this thread, also within an Event's own lock, and a
    # studio that is killed sends several at once: a SimpleQueue is made to be put into even so.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: asked.put(None))
    Thread(target=lambda: (asked.get(), stop.set()), name="stop", daemon=True).start()
    with open_workspace(root) as workspace, slots.hold(workspace, slot) as held:
        serve(workspace, held, stop, command=command)


def serve(
    workspace: Workspace,
    slot: Slot,
    stop: Event,
    *,
    command: Sequence[str] = process.COMMAND,
) -> None:
    """Take runs as they come, one at a time, until `stop` is set."""
    from app.engine import launched  # half a second of imports that a CLI command can do without

    turn = Lock()
    """Held while a run is worked on."""

    def work(run_id: str) -> None:
        with turn, _surviving():
            if not stop.is_set():
                attempt(workspace, run_id, slot=slot.holder, stop=stop, command=command)

    with launched(workspace, slot.holder, work) as engine:
        swept = 0.0
        while not stop.wait(_FEED_SECONDS):
            with _surviving(), explained(workspace.root):
                if time.monotonic() - swept >= _SWEEP_SECONDS:
                    swept = time.monotonic()
                    engine.give_up_dead(lambda: slots.holders(workspace))
                    _name_interrupted(workspace, slot, turn)
                with workspace.read() as conn:
                    waiting = jobs.waiting(conn)
                engine.enqueue(waiting)
        with turn:  # until what ran is written down as interrupted
            pass


def _name_interrupted(workspace: Workspace, slot: Slot, turn: Lock) -> None:
    idle = turn.acquire(blocking=False)
    try:
        jobs.name_interrupted(workspace, idle=slot.holder if idle else None)
    finally:
        if idle:
            turn.release()


@contextmanager
def _surviving() -> Iterator[None]:
    """Go on after what the user can mend, as a full disk: a run that it hit is taken up again."""
    try:
        yield
    except StudioError as error:
        _log.warning("%s; trying again", error)
