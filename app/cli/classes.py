"""The class list: what the palette of the studio does, by command."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.options import AUTHOR, Project, opened
from app.cli.terminal import say, write_json
from app.errors import StudioError

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from annotations.types import LabelClass

cli = typer.Typer(help="List and change the classes.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="CLASS", help="A class, by name or id.")]
Colour = Annotated[str, typer.Argument(metavar="#RRGGBB", help="A colour.")]


@cli.command("list")
def list_classes(
    project: Project,
    json: Annotated[bool, typer.Option("--json", help="Write JSON.")] = False,
) -> None:
    """List the classes in palette order: id, colour, name."""
    from annotations import classes, labelset

    with opened(project) as workspace, workspace.read() as conn:
        class_map = classes.classes_at(conn)
    if json:
        write_json(labelset.to_json(class_map), Path("-"))
        return
    for label in class_map.classes:
        geometry = "" if label.has_geometry else "  (no geometry)"
        say(f"{label.class_id:4d}  {labelset.to_hex(label.colour)}  {label.name}{geometry}")


@cli.command()
def add(
    project: Project,
    name: Annotated[str, typer.Argument(help="The new class's name.")],
    colour: Colour,
    no_geometry: Annotated[
        bool, typer.Option("--no-geometry", help="It has no place in 3D, as the sky.")
    ] = False,
) -> None:
    """Add a class at the end of the palette."""
    from annotations import classes

    with _changed(project) as conn:
        label = classes.add_class(conn, name, _colour(colour), not no_geometry, author=AUTHOR)
    say(f"class {label.class_id}: {label.name}")


@cli.command()
def rename(
    project: Project, name: Name, to: Annotated[str, typer.Argument(help="The new name.")]
) -> None:
    """Rename a class."""
    from annotations import classes

    with _changed(project) as conn:
        classes.rename_class(conn, _find(conn, name).class_id, to, author=AUTHOR)


@cli.command()
def recolour(project: Project, name: Name, colour: Colour) -> None:
    """Give a class another colour."""
    from annotations import classes

    with _changed(project) as conn:
        classes.recolour_class(conn, _find(conn, name).class_id, _colour(colour), author=AUTHOR)


@cli.command()
def geometry(
    project: Project,
    name: Name,
    off: Annotated[bool, typer.Option("--off", help="It has no place in 3D.")] = False,
) -> None:
    """Say that a class has a surface in 3D, or with --off that it has none, as the sky."""
    from annotations import classes

    with _changed(project) as conn:
        classes.set_geometry(conn, _find(conn, name).class_id, not off, author=AUTHOR)


@cli.command()
def merge(
    project: Project,
    name: Name,
    into: Annotated[str, typer.Argument(help="The class that takes its strokes.")],
) -> None:
    """Merge a class into another: its strokes count as the other's; `restore` undoes it."""
    from annotations import classes

    with _changed(project) as conn:
        source, target = _find(conn, name), _find(conn, into)
        classes.merge_class(conn, source.class_id, target.class_id, author=AUTHOR)


@cli.command()
def delete(project: Project, name: Name) -> None:
    """Delete a class: its strokes stay, unread, until `restore`."""
    from annotations import classes

    with _changed(project) as conn:
        classes.delete_class(conn, _find(conn, name).class_id, author=AUTHOR)


@cli.command()
def restore(project: Project, name: Name) -> None:
    """Bring a deleted or merged class back, with its strokes."""
    from annotations import classes

    with _changed(project) as conn:
        classes.restore_class(conn, _find_any(conn, name), author=AUTHOR)


@contextmanager
def _changed(project: Path) -> Iterator[Connection]:
    """A transaction that changes classes and tells the open pages of it."""
    from annotations import store
    from app import events

    with opened(project) as workspace, workspace.write() as conn:
        yield conn
        events.append(conn, "class", revision=store.current_revision(conn))


def _find(conn: Connection, name: str) -> LabelClass:
    from annotations import classes

    living = classes.classes_at(conn).classes
    for label in living:
        if name in (label.name, str(label.class_id)):
            return label
    known = ", ".join(label.name for label in living)
    raise StudioError(f"no class is called {name!r}; there are: {known}")


def _find_any(conn: Connection, name: str) -> int:
    """Return the id of a class that may be deleted or merged: the one that is, of two namesakes."""
    from annotations import classes

    states = classes.class_states(conn).items()
    fitting = [
        (state.living, class_id)
        for class_id, state in states
        if name in (state.label.name, str(class_id))
    ]
    if not fitting:
        raise StudioError(f"no class was ever called {name!r}")
    return min(fitting)[1]


def _colour(text: str) -> tuple[int, int, int]:
    if not re.fullmatch(r"#?[0-9a-fA-F]{6}", text):
        raise typer.BadParameter(f"{text!r} is not a colour; write it as #rrggbb")
    red, green, blue = bytes.fromhex(text.removeprefix("#"))
    return red, green, blue
