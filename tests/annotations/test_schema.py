"""What the tables refuse by themselves."""

from __future__ import annotations

import pytest
from sqlalchemy import insert, inspect
from sqlalchemy.exc import IntegrityError

from annotations import store
from annotations.schema import stroke_ops
from tests.annotations.conftest import new_frame


@pytest.mark.parametrize("field", ["kind", "intent"])
def test_an_unknown_op_can_not_be_logged(conn, field):
    op = {
        "revision": 2,
        "kind": "add",
        "stroke_uuid": "u",
        "gesture": "g",
        "intent": "do",
        "author": "ann",
        "client": "tab",
        "created_at": 0.0,
    }
    conn.execute(insert(stroke_ops).values(op))
    with pytest.raises(IntegrityError, match=field):
        conn.execute(insert(stroke_ops).values({**op, field: "wipe"}))


def test_a_frame_without_pixels_can_not_be_listed(conn):
    with pytest.raises(IntegrityError, match="ck_frames_size"):
        store.add_frames(conn, "clip", "images", [new_frame(9, height=0)])


def test_the_log_can_be_looked_up_by_stroke_by_author_and_by_step(engine):
    indexes = {tuple(index["column_names"]) for index in inspect(engine).get_indexes("stroke_ops")}
    assert indexes == {("author", "id"), ("stroke_uuid", "revision"), ("step",)}
