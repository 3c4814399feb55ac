from __future__ import annotations

from app.schema import ENDED, RESUMABLE, RunState, metadata


def test_each_state_is_waiting_working_or_ended():
    assert set(RunState) - ENDED == {RunState.QUEUED, RunState.RUNNING}
    assert {RunState.DONE} == ENDED - RESUMABLE
    assert RESUMABLE < ENDED


def test_labels_and_rounds_are_in_one_database():
    """A stroke and the event that tells of it commit at once, so their tables are one set."""
    assert {
        "strokes",
        "stroke_ops",
        "frames",
        "rounds",
        "scenes",
        "runs",
        "predictions",
        "events",
    } <= set(metadata.tables)
