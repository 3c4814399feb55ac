"""A viewer's process without viser: answers at once, and dies when it is told to."""

from __future__ import annotations

import os
import sys

from app.viewer.messages import Clicked, Look, Open, Opened, Show, Shown, from_line, to_line


def main() -> None:
    """Answer messages until the input ends; a piece of 666 is the end."""
    for line in sys.stdin.buffer:
        message = from_line(line)
        answers = []
        if isinstance(message, Open):
            answers = [
                Opened(message.tab, 1, "key"),
                Shown(message.tab, (3,), 0, os.getpid(), message.frame is not None),
            ]
        elif isinstance(message, Show) and message.piece == 666:
            os._exit(7)
        elif isinstance(message, Show):
            answers = [Clicked(message.tab, message.frame or 0, (1.5, 2.5))]
        elif isinstance(message, Look):
            answers = [Shown(message.tab, (3,), 0, len(message.appearance.hidden), True)]
        for answer in answers:
            sys.stdout.buffer.write(to_line(answer))
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
