"""Classes: added, renamed, recoloured, merged, deleted and brought back in mid-project."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import Field
from sqlalchemy import Connection, select
from starlette.responses import Response

from annotations import classes, store
from annotations.schema import class_ops
from annotations.types import ClassMap, LabelClass
from app import events
from app.web.context import AUTHOR, Body, BodyNumber, InStudio, Number, Studio, refusal, reply

router = APIRouter(prefix="/api/classes")

Name = Annotated[str, Field(min_length=1, max_length=100)]
Colour = Annotated[str, Field(pattern=r"^#[0-9A-Fa-f]{6}$")]


class NewClass(Body):
    """A class to add."""

    name: Name
    colour: Colour
    has_geometry: bool = True


class Change(Body):
    """What to change of a class; what is left out stays."""

    name: Name | None = None
    colour: Colour | None = None
    has_geometry: bool | None = None


class Merge(Body):
    """The class that takes another one's strokes over."""

    into: BodyNumber


@router.post("")
def add(new: NewClass, studio: InStudio) -> Response:
    """Add a class at the end of the palette."""

    def act(conn: Connection) -> object:
        return classes.add_class(conn, new.name, _rgb(new.colour), new.has_geometry, author=AUTHOR)

    return _change(studio, act)


@router.patch("/{class_id}")
def change(class_id: Number, wanted: Change, studio: InStudio) -> Response:
    """Rename or recolour a class, or say whether it has a surface."""
    if not wanted.model_fields_set:
        raise refusal(400, "nothing to change: give name, colour or has_geometry")

    def act(conn: Connection) -> None:
        if wanted.name is not None:
            classes.rename_class(conn, class_id, wanted.name, author=AUTHOR)
        if wanted.colour is not None:
            classes.recolour_class(conn, class_id, _rgb(wanted.colour), author=AUTHOR)
        if wanted.has_geometry is not None:
            classes.set_geometry(conn, class_id, wanted.has_geometry, author=AUTHOR)

    return _change(studio, act, class_id)


@router.post("/{class_id}/merge")
def merge(class_id: Number, wanted: Merge, studio: InStudio) -> Response:
    """Give a class's strokes to another one."""
    return _change(
        studio,
        lambda conn: classes.merge_class(conn, class_id, wanted.into, author=AUTHOR),
        class_id,
    )


@router.delete("/{class_id}")
def delete(class_id: Number, studio: InStudio) -> Response:
    """Take a class out of the palette; its strokes stay and come back with it."""
    return _change(
        studio, lambda conn: classes.delete_class(conn, class_id, author=AUTHOR), class_id
    )


@router.post("/{class_id}/restore")
def restore(class_id: Number, studio: InStudio) -> Response:
    """Bring a deleted or merged class back."""
    return _change(
        studio, lambda conn: classes.restore_class(conn, class_id, author=AUTHOR), class_id
    )


def as_json(class_map: ClassMap) -> list[dict[str, Any]]:
    """Return the classes as pages know them, in palette order."""
    return [_label(label) for label in class_map.classes]


def deleted(conn: Connection) -> list[dict[str, Any]]:
    """Return the classes that can be brought back; `merged_into` is null where deleted."""
    return [
        {**_label(state.label), "merged_into": state.merged_into}
        for state in classes.class_states(conn).values()
        if not state.living
    ]


def _label(label: LabelClass) -> dict[str, Any]:
    return {
        "id": label.class_id,
        "name": label.name,
        "colour": "#{:02x}{:02x}{:02x}".format(*label.colour),
        "has_geometry": label.has_geometry,
    }


def _change(
    studio: Studio, act: Callable[[Connection], object], class_id: int | None = None
) -> Response:
    with studio.write() as conn:
        if class_id is not None and not _is_known(conn, class_id):
            raise refusal(404, f"there is no class {class_id}")
        act(conn)
        revision = store.current_revision(conn)
        events.append(conn, "class", revision=revision)
        answer = {
            "revision": revision,
            "classes": as_json(classes.classes_at(conn)),
            "deleted_classes": deleted(conn),
        }
    return reply(answer)


def _is_known(conn: Connection, class_id: int) -> bool:
    query = select(class_ops.c.id).where(class_ops.c.class_id == class_id).limit(1)
    return conn.scalar(query) is not None


def _rgb(colour: str) -> tuple[int, int, int]:
    red, green, blue = bytes.fromhex(colour[1:])
    return red, green, blue
