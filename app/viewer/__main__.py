"""The viewer's process: `python -P -m app.viewer PROJECT [POINTS]`.

Reads messages from its standard input and answers on its standard output; it ends with its input,
so never outlives the studio that holds the other end.
"""

from __future__ import annotations

import logging
import os
import queue
import secrets
import sys
import threading
from pathlib import Path
from typing import IO, Final

from app.errors import StudioError
from app.viewer.choice import MOST
from app.viewer.messages import Answer, Request, Trouble, from_line, to_line
from app.workspace import open_workspace

_NICENESS: Final = 5
"""Painting goes before the view in 3D, and that before training."""


def main(arguments: list[str]) -> int:
    """Serve a project's tabs until the input ends."""
    root, most = Path(arguments[0]), int(arguments[1]) if len(arguments) > 1 else MOST
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    os.nice(_NICENESS)
    answers = _own_output()
    inbox: queue.SimpleQueue[object] = queue.SimpleQueue()
    reader = threading.Thread(target=_read, args=(sys.stdin.fileno(), inbox), daemon=True)
    reader.start()
    try:
        serve(root, inbox, answers, most=most)
    except StudioError as error:
        answers.write(to_line(Trouble(str(error))))
        return 1
    return 0


def _own_output() -> IO[bytes]:
    """Return the standard output; what anybody prints from here on goes to standard error."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb", buffering=0)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return answers


def _read(source: int, inbox: queue.SimpleQueue[object]) -> None:
    line = b""
    try:
        # Not by sys.stdin: its lock, held while this thread waits, would abort the end of main.
        while data := os.read(source, 1 << 16):
            *lines, line = (line + data).split(b"\n")
            for each in lines:
                inbox.put(from_line(each))
    finally:  # the studio is gone: whatever the other thread is busy with, nobody waits for it
        sys.stderr.flush()
        os._exit(0)


def serve(
    root: Path, inbox: queue.SimpleQueue[object], answers: IO[bytes], *, most: int = MOST
) -> None:
    """Handle messages for ever. StudioError where the project can't be opened."""
    # viser takes a second to import: the process reads its input before that
    import rich

    from app.viewer import gate
    from app.viewer.project import Project
    from app.viewer.session import Session, TabHit

    rich.get_console().quiet = True  # viser prints a table for every server
    key = secrets.token_urlsafe(32)
    gate.install(key)

    def answer(message: Answer) -> None:
        answers.write(to_line(message))

    with open_workspace(root) as workspace:
        session = Session(Project(workspace), answer=answer, on_hit=inbox.put, key=key, most=most)
        while True:
            for message in _next(inbox, wait=not session.busy):
                if isinstance(message, Request | TabHit):
                    session.handle(message)
            session.work()
            session.draw()


def _next(inbox: queue.SimpleQueue[object], *, wait: bool) -> list[object]:
    """Return all messages that are there; waits for the first one if asked to."""
    found: list[object] = [inbox.get()] if wait else []
    while not inbox.empty():
        found.append(inbox.get())
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
