"""The class log: classes added, changed, merged and deleted while a project lives.

Strokes keep the class that they were drawn with; what became of it is worked out on reading. So
every change can be taken back, and a round keeps the classes of its revision. All functions take a
connection inside a transaction.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, insert, select

from annotations.labelset import Colour, name_key
from annotations.revisions import next_revision
from annotations.schema import class_ops
from annotations.types import MAX_CLASSES, AnnotationError, ClassMap, LabelClass


@dataclass(frozen=True, slots=True)
class ClassState:
    """A class as the log leaves it: living, deleted, or merged into another one."""

    label: LabelClass
    deleted: bool = False
    merged_into: int | None = None

    @property
    def living(self) -> bool:
        """Whether it is in the palette."""
        return not self.deleted and self.merged_into is None


def classes_at(conn: Connection, revision: int | None = None) -> ClassMap:
    """Return the living classes in the order in which they were added, now or at a revision."""
    states = class_states(conn, revision)
    return ClassMap(tuple(state.label for state in states.values() if state.living))


def class_targets(conn: Connection, revision: int | None = None) -> dict[int, int | None]:
    """Return for each class ever added the living class that has its strokes; None: deleted."""
    states = class_states(conn, revision)
    return {class_id: _target(states, class_id) for class_id in states}


def _target(states: Mapping[int, ClassState], class_id: int) -> int | None:
    while (into := states[class_id].merged_into) is not None:
        class_id = into
    return None if states[class_id].deleted else class_id


def class_states(conn: Connection, revision: int | None = None) -> dict[int, ClassState]:
    """Return every class ever added by its id, in the order of adding, now or at a revision."""
    query = select(class_ops).order_by(class_ops.c.id)
    if revision is not None:
        query = query.where(class_ops.c.revision <= revision)
    states: dict[int, ClassState] = {}
    for op in conn.execute(query):
        states[op.class_id] = _apply(op.kind, op.class_id, op.payload, states.get(op.class_id))
    return states


def _apply(
    kind: str, class_id: int, payload: Mapping[str, Any], state: ClassState | None
) -> ClassState:
    if kind == "add":
        colour = _colour(payload)
        return ClassState(
            LabelClass(class_id, payload["name"], colour, bool(payload["has_geometry"]))
        )
    if state is None:
        raise AnnotationError(f"the class log changes class {class_id} before it is added")
    match kind:
        case "rename":
            return replace(state, label=replace(state.label, name=payload["name"]))
        case "recolour":
            return replace(state, label=replace(state.label, colour=_colour(payload)))
        case "geometry":
            geometry = bool(payload["has_geometry"])
            return replace(state, label=replace(state.label, has_geometry=geometry))
        case "merge":
            return replace(state, merged_into=int(payload["into"]))
        case "delete":
            return replace(state, deleted=True)
        case "restore":
            return replace(state, deleted=False, merged_into=None)
    raise AnnotationError(f"the class log holds an unknown change {kind!r} of class {class_id}")


def _colour(payload: Mapping[str, Any]) -> Colour:
    red, green, blue = payload["colour"]
    return red, green, blue


def seed_classes(conn: Connection, class_map: ClassMap, *, author: str) -> int:
    """Give a project its first classes, ids kept; AnnotationError where it has had any."""
    if class_states(conn):
        raise AnnotationError("the project has classes already")
    by_name = {name_key(label.name): label for label in class_map.classes}
    for label in class_map.classes:
        if by_name[name_key(label.name)] is not label:
            raise AnnotationError(f"two classes have the name {label.name!r}")
    revision = next_revision(conn)
    for label in class_map.classes:
        _log_add(conn, label, revision=revision, author=author)
    return revision


def add_class(
    conn: Connection, name: str, colour: Colour, has_geometry: bool = True, *, author: str
) -> LabelClass:
    """Add a class at the end of the palette, under an id that no class has ever had."""
    states = class_states(conn)
    label = LabelClass(_free_id(states), " ".join(name.split()), colour, has_geometry)
    _refuse_name(states, label.name)
    _log_add(conn, label, revision=next_revision(conn), author=author)
    return label


def _free_id(states: Mapping[int, ClassState]) -> int:
    after = max(states, default=-1) + 1
    if after < MAX_CLASSES:
        return after
    free = [class_id for class_id in range(MAX_CLASSES) if class_id not in states]
    if not free:
        raise AnnotationError(f"all {MAX_CLASSES} class ids are used up")
    return free[0]


def rename_class(conn: Connection, class_id: int, name: str, *, author: str) -> int:
    """Rename a living class."""
    states = class_states(conn)
    label = replace(_living(states, class_id).label, name=" ".join(name.split()))
    _refuse_name(states, label.name, but=class_id)
    return _log(conn, "rename", class_id, author=author, payload={"name": label.name})


def recolour_class(conn: Connection, class_id: int, colour: Colour, *, author: str) -> int:
    """Give a living class another colour."""
    label = replace(_living(class_states(conn), class_id).label, colour=colour)
    return _log(conn, "recolour", class_id, author=author, payload={"colour": list(label.colour)})


def set_geometry(conn: Connection, class_id: int, has_geometry: bool, *, author: str) -> int:
    """Say whether a living class has a surface to reconstruct."""
    _living(class_states(conn), class_id)
    payload = {"has_geometry": has_geometry}
    return _log(conn, "geometry", class_id, author=author, payload=payload)


def merge_class(conn: Connection, class_id: int, into: int, *, author: str) -> int:
    """Give the strokes of a living class, and of those merged into it, to another living class."""
    states = class_states(conn)
    label = _living(states, class_id).label
    _living(states, into)
    if class_id == into:
        raise AnnotationError(f"class {label.name!r} can't be merged into itself")
    return _log(conn, "merge", class_id, author=author, payload={"into": into})


def delete_class(conn: Connection, class_id: int, *, author: str) -> int:
    """Take a living class out of the palette; its strokes stay in the log and paint nothing."""
    _living(class_states(conn), class_id)
    return _log(conn, "delete", class_id, author=author, payload={})


def restore_class(conn: Connection, class_id: int, *, author: str) -> int:
    """Bring a deleted or merged class back to its place, with the strokes drawn as it."""
    states = class_states(conn)
    state = _known(states, class_id)
    if state.living:
        raise AnnotationError(f"class {state.label.name!r} is neither deleted nor merged")
    _refuse_name(states, state.label.name)
    return _log(conn, "restore", class_id, author=author, payload={})


def _known(states: Mapping[int, ClassState], class_id: int) -> ClassState:
    if class_id not in states:
        raise AnnotationError(f"there is no class {class_id}")
    return states[class_id]


def _living(states: Mapping[int, ClassState], class_id: int) -> ClassState:
    state = _known(states, class_id)
    if not state.living:
        raise AnnotationError(f"class {state.label.name!r} is {_fate(states, state)}")
    return state


def _fate(states: Mapping[int, ClassState], state: ClassState) -> str:
    if state.merged_into is None:
        return "deleted; restore it first"
    return f"merged into {states[state.merged_into].label.name!r}; restore it first"


def _refuse_name(states: Mapping[int, ClassState], name: str, *, but: int | None = None) -> None:
    """Refuse a name that a living class has; capitals and spaces make no difference."""
    for class_id, state in states.items():
        if state.living and class_id != but and name_key(state.label.name) == name_key(name):
            raise AnnotationError(f"there is a class {state.label.name!r} already")


def check_drawable(conn: Connection, class_id: int) -> None:
    """Refuse a class whose strokes could not be seen: unknown or deleted.

    A merged class is taken: a page that has not heard of the merge yet loses no stroke.
    """
    states = class_states(conn)
    state = _known(states, class_id)
    if _target(states, class_id) is None:
        raise AnnotationError(f"class {state.label.name!r} is deleted; restore it first")


def _log_add(conn: Connection, label: LabelClass, *, revision: int, author: str) -> None:
    payload = {
        "name": label.name,
        "colour": list(label.colour),
        "has_geometry": label.has_geometry,
    }
    _write(conn, "add", label.class_id, revision=revision, author=author, payload=payload)


def _log(
    conn: Connection, kind: str, class_id: int, *, author: str, payload: Mapping[str, Any]
) -> int:
    revision = next_revision(conn)
    _write(conn, kind, class_id, revision=revision, author=author, payload=payload)
    return revision


def _write(
    conn: Connection,
    kind: str,
    class_id: int,
    *,
    revision: int,
    author: str,
    payload: Mapping[str, Any],
) -> None:
    conn.execute(
        insert(class_ops).values(
            revision=revision,
            kind=kind,
            class_id=class_id,
            payload=dict(payload),
            author=author,
            created_at=time.time(),
        )
    )
