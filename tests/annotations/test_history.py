"""Undo and redo, against a model that keeps two stacks per author."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import uuid4

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from sqlalchemy import create_engine, insert, update

from annotations import schema, store
from annotations.labelset import from_json
from annotations.types import Stroke
from tests.annotations.conftest import make_project

AUTHORS = ("ann", "bob")


def new_stroke(uuid, frame_id, author="ann", class_id=3):
    return Stroke(uuid, frame_id, class_id, np.array([[1, 2], [3, 4]], np.float32), 3.0, author)


def uuids_at(conn, frame_id, revision=None):
    return [stroke.uuid for stroke in store.strokes_at(conn, frame_id, revision)]


# --- the model


@dataclass
class Model:
    """What the log should say: which strokes are there, and each author's gestures."""

    frame_of: dict[str, int] = field(default_factory=dict)  # in painting order
    here: set[str] = field(default_factory=set)
    done: dict[str, list] = field(default_factory=lambda: {author: [] for author in AUTHORS})
    undone: dict[str, list] = field(default_factory=lambda: {author: [] for author in AUTHORS})

    def do(self, author, uuids, here):
        gesture = [(uuid, uuid in self.here, here) for uuid in uuids]
        self._set(dict.fromkeys(uuids, here))
        self.done[author].append(gesture)
        self.undone[author].clear()

    def step(self, author, taken_from, given_to):
        """Take a gesture back as far as nobody has changed its strokes since."""
        wanted = {
            uuid: before
            for uuid, before, after in taken_from[author][-1]
            if before != after and (uuid in self.here) == after
        }
        changes = [
            (uuid, uuid in self.here, wanted.get(uuid, uuid in self.here))
            for uuid, _, _ in taken_from[author].pop()
        ]
        self._set(wanted)
        given_to[author].append(changes)
        return set(wanted)

    def on_frame(self, frame_id):
        return [u for u, frame in self.frame_of.items() if frame == frame_id and u in self.here]

    def _set(self, wanted):
        self.here |= {uuid for uuid, here in wanted.items() if here}
        self.here -= {uuid for uuid, here in wanted.items() if not here}


class TwoAuthors(RuleBasedStateMachine):
    """Two people draw, remove, undo and redo on the same frames."""

    def __init__(self):
        super().__init__()
        self.engine = create_engine("sqlite://")
        self.frame_ids = make_project(self.engine, class_map=from_json([{"name": "a", "id": 3}]))
        self.conn = self.engine.connect()
        self.transaction = self.conn.begin()
        self.model = Model()
        self.past = {store.current_revision(self.conn): {}}

    def teardown(self):
        self.transaction.rollback()
        self.conn.close()
        self.engine.dispose()

    def remember(self):
        frames = {frame_id: self.model.on_frame(frame_id) for frame_id in self.frame_ids}
        self.past[store.current_revision(self.conn)] = frames

    @rule(author=st.sampled_from(AUTHORS), frames=st.lists(st.integers(0, 2), min_size=1))
    def draw(self, author, frames):
        first = len(self.model.frame_of)
        new = {f"s{first + i}": self.frame_ids[frame] for i, frame in enumerate(frames[:3])}
        strokes = [new_stroke(uuid, frame_id, author) for uuid, frame_id in new.items()]
        store.append_strokes(self.conn, strokes, client="tab", gesture="draw")
        self.model.frame_of |= new
        self.model.do(author, list(new), here=True)
        self.remember()

    @precondition(lambda self: self.model.frame_of)
    @rule(author=st.sampled_from(AUTHORS), data=st.data())
    def remove(self, author, data):
        drawn = st.sampled_from(list(self.model.frame_of))
        chosen = data.draw(st.lists(drawn, min_size=1, max_size=4))
        before = store.current_revision(self.conn)
        after = store.remove_strokes(self.conn, chosen, author=author, client="tab")
        gone = [uuid for uuid in dict.fromkeys(chosen) if uuid in self.model.here]
        assert after - before == bool(gone)
        if gone:
            self.model.do(author, gone, here=False)
        self.remember()

    @rule(author=st.sampled_from(AUTHORS), times=st.integers(1, 4))
    def undo(self, author, times):
        for _ in range(times):
            self.step(store.undo, author, self.model.done, self.model.undone)

    @rule(author=st.sampled_from(AUTHORS), times=st.integers(1, 4))
    def redo(self, author, times):
        for _ in range(times):
            self.step(store.redo, author, self.model.undone, self.model.done)

    def step(self, move, author, taken_from, given_to):
        before = store.current_revision(self.conn)
        made: store.Step | None = move(self.conn, author=author, client="tab")
        if not taken_from[author]:
            assert made is None
            assert store.current_revision(self.conn) == before
            return
        assert made is not None
        changed = self.model.step(author, taken_from, given_to)
        assert made.revision == before + 1
        assert set(made.added) == changed & self.model.here
        assert set(made.removed) == changed - self.model.here
        assert made.frame_ids == tuple(sorted({self.model.frame_of[uuid] for uuid in changed}))
        self.remember()

    @invariant()
    def the_log_says_what_the_model_says(self):
        shown = {frame_id: self.model.on_frame(frame_id) for frame_id in self.frame_ids}
        assert {f: uuids_at(self.conn, f) for f in self.frame_ids} == shown
        counts = {frame_id: len(uuids) for frame_id, uuids in shown.items() if uuids}
        assert store.stroke_counts(self.conn) == counts
        for author in AUTHORS:
            assert store.can_undo(self.conn, author) == bool(self.model.done[author])
            assert store.can_redo(self.conn, author) == bool(self.model.undone[author])

    @precondition(lambda self: self.past)
    @rule(data=st.data())
    def look_back(self, data):
        revision = data.draw(st.sampled_from(list(self.past)))
        for frame_id in self.frame_ids:
            known = self.past[revision].get(frame_id, [])
            assert uuids_at(self.conn, frame_id, revision) == known


TestTwoAuthors = TwoAuthors.TestCase
TestTwoAuthors.settings = settings(max_examples=15, stateful_step_count=20)


# --- what the model can't say


def fill_log(conn, strokes):
    """Log strokes on the three frames in turn, each a gesture of ann's, faster than the store."""
    first = store.current_revision(conn) + 1
    revisions = range(first, first + strokes)
    row = {"class_id": 3, "width": 3.0, "xy": bytes(16), "author": "ann"}
    conn.execute(
        insert(schema.strokes),
        [row | {"uuid": f"s{r}", "frame_id": 1 + r % 3, "created_revision": r} for r in revisions],
    )
    op = {"kind": "add", "intent": "do", "author": "ann", "client": "tab", "created_at": 0.0}
    conn.execute(
        insert(schema.stroke_ops),
        [op | {"stroke_uuid": f"s{r}", "revision": r, "gesture": f"{r}:s{r}"} for r in revisions],
    )
    conn.execute(update(schema.label_state).values(revision=revisions[-1]))
    return revisions


def test_five_hundred_steps_over_frames_and_restarts(engine):
    with engine.begin() as conn:
        revisions = fill_log(conn, 500)
    engine.dispose()  # a restart: nothing but the file is left
    with engine.begin() as conn:
        steps = [store.undo(conn, author="ann", client="other tab") for _ in revisions]
        assert [step.removed for step in steps if step] == [(f"s{r}",) for r in revisions[::-1]]
        assert [step.frame_ids for step in steps if step] == [(1 + r % 3,) for r in revisions[::-1]]
        assert store.undo(conn, author="ann", client="tab") is None
        assert store.stroke_counts(conn) == {}
    engine.dispose()
    with engine.begin() as conn:
        again = [store.redo(conn, author="ann", client="tab") for _ in range(50)]
        assert [step.added for step in again if step] == [(f"s{r}",) for r in revisions[:50]]
        assert uuids_at(conn, 1) == [f"s{r}" for r in revisions[:50] if r % 3 == 0]


def test_a_new_gesture_ends_redo_for_good(conn):
    for uuid in ("a", "b"):
        store.append_stroke(conn, new_stroke(uuid, 1), client="tab")
    store.undo(conn, author="ann", client="tab")
    store.append_stroke(conn, new_stroke("c", 1), client="tab")
    assert store.redo(conn, author="ann", client="tab") is None
    store.undo(conn, author="ann", client="tab")
    step = store.redo(conn, author="ann", client="tab")
    assert step is not None
    assert step.added == ("c",)
    assert store.redo(conn, author="ann", client="tab") is None


def test_an_import_is_one_step_and_so_is_its_removal(conn):
    imported = [new_stroke(f"i{number}", 1 + number % 2, "import") for number in range(1200)]
    store.append_strokes(conn, imported, client="cli", gesture="import")
    store.remove_strokes(conn, [s.uuid for s in imported], author="ann", client="tab")
    assert store.stroke_counts(conn) == {}
    back = store.undo(conn, author="ann", client="tab")
    assert back is not None
    assert len(back.added) == 1200
    assert uuids_at(conn, 1) == [f"i{number}" for number in range(0, 1200, 2)]
    gone = store.undo(conn, author="import", client="cli")
    assert gone is not None
    assert len(gone.removed) == 1200
    assert gone.frame_ids == (1, 2)


def test_undoing_what_somebody_else_removed_leaves_it_to_them(conn):
    store.append_strokes(conn, [new_stroke("a", 1), new_stroke("b", 2)], client="x", gesture="g")
    store.remove_strokes(conn, ["a"], author="bob", client="y")
    undone = store.undo(conn, author="ann", client="x")
    assert undone is not None
    assert (undone.removed, undone.frame_ids) == (("b",), (2,))
    redone = store.redo(conn, author="ann", client="x")
    assert redone is not None
    assert redone.added == ("b",)  # a is bob's to bring back
    theirs = store.undo(conn, author="bob", client="y")
    assert theirs is not None
    assert theirs.added == ("a",)


def effort(conn, work):
    """Return how many hundreds of instructions the database takes for some work."""
    ticks = []
    conn.connection.driver_connection.set_progress_handler(lambda: ticks.append(1), 100)
    work()
    conn.connection.driver_connection.set_progress_handler(None, 100)
    return len(ticks)


@pytest.mark.parametrize("undone", [0, 40])
def test_a_step_costs_the_same_in_a_long_log(conn, undone):
    def cost():
        steps = (
            lambda: store.undo(conn, author="ann", client="tab"),
            lambda: store.redo(conn, author="ann", client="tab"),
            lambda: store.append_stroke(conn, new_stroke(str(uuid4()), 2), client="tab"),
        )
        for _ in range(undone):
            store.undo(conn, author="ann", client="tab")
        return [effort(conn, step) for step in steps]

    fill_log(conn, 100)
    short = cost()
    fill_log(conn, 2000)
    assert all(later <= 2 * before + 5 for later, before in zip(cost(), short, strict=True))


def test_undo_stays_cheap_after_hundreds_of_undos(conn):
    fill_log(conn, 400)
    for _ in range(300):
        store.undo(conn, author="ann", client="tab")
    instructions = 100 * effort(conn, lambda: store.undo(conn, author="ann", client="tab"))
    assert instructions < 50_000  # a millisecond or so
