"""Arguments that several commands share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from app.workspace import Workspace

Project = Annotated[Path, typer.Argument(metavar="PROJECT", help="The project folder.")]
RoundNumber = Annotated[int, typer.Argument(metavar="ROUND", help="The round's number.")]
RoundOption = Annotated[
    int | None, typer.Option("--round", help="Which round; the active one where left out.")
]
Host = Annotated[str | None, typer.Option(help="Address to listen on.  [default: 127.0.0.1]")]
Port = Annotated[
    int | None,
    typer.Option(min=0, max=65535, help="Port to listen on, 0 takes a free one.  [default: 7860]"),
]
NoBrowser = Annotated[bool, typer.Option("--no-browser", help="Open no browser.")]
Out = Annotated[Path, typer.Option("--out", help="Where the files go.")]
Labels = Annotated[Path, typer.Option("--labels", help="Folder of label PNGs (class ids).")]
Ignore = Annotated[
    int | None, typer.Option(help="Value in the label PNGs that means no class (255 always does).")
]
Settings = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change a setting.")
]

AUTHOR = "command line"
"""Whose gestures the commands' are in the op log."""


@contextmanager
def opened(project: Path) -> Iterator[Workspace]:
    """Open a project for one command; what the disk refuses is said with the project's name."""
    from app.database import explained  # the database is slow to import, `--help` needs none
    from app.workspace import open_workspace

    with explained(project), open_workspace(project) as workspace:
        yield workspace


def chosen_settings(pairs: list[str] | None) -> dict[str, str]:
    """Return what `Settings` were given by name; wrong usage where one is not KEY=VALUE."""
    given = pairs or []
    wrong = next((pair for pair in given if "=" not in pair), None)
    if wrong is not None:
        raise typer.BadParameter(f"{wrong!r} is not KEY=VALUE", param_hint="--set")
    return {key.strip(): value.strip() for key, _, value in (p.partition("=") for p in given)}
