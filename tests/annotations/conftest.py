"""A project's tables in a database of the test's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, create_engine, insert

from annotations import classes, store
from annotations.labelset import PRESETS
from annotations.schema import label_state, metadata
from annotations.store import NewFrame
from annotations.types import ClassMap

AUTHOR = "ann"


def new_frame(number: int, *, height: int = 60, width: int = 80) -> NewFrame:
    return NewFrame(
        name=f"frame{number}",
        file=f"frames/0001/{number:06d}.jpg",
        thumbnail=f"thumbnails/0001/{number:06d}.jpg",
        height=height,
        width=width,
        timestamp=None,
        sha256="0" * 64,
    )


def make_project(engine: Engine, *, class_map: ClassMap = PRESETS["camvid-11"]) -> list[int]:
    """Create the tables with three frames and some classes; return the frames' ids."""
    metadata.create_all(engine)
    with engine.begin() as conn:
        conn.execute(insert(label_state).values(id=1, revision=0))
        frame_ids = store.add_frames(conn, "clip", "images", [new_frame(i) for i in range(3)])
        classes.seed_classes(conn, class_map, author=AUTHOR)
    return frame_ids


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = create_engine(f"sqlite:///{tmp_path / 'project.sqlite'}")
    make_project(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def conn(engine: Engine) -> Iterator[Connection]:
    with engine.connect() as connection, connection.begin():
        yield connection
