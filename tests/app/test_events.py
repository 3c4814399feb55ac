from __future__ import annotations

from app import events
from app.workspace import Workspace, create


def test_events_come_in_order_and_only_those_after_a_number(tmp_path):
    with create(tmp_path / "p", "p") as workspace:
        with workspace.write() as conn:
            first = events.append(conn, "stroke", frame=3, revision=7, client="tab")
            second = events.append(conn, "frames")
        with workspace.read() as conn:
            found = events.after(conn, first - 1)
            assert [(each.seq, each.kind) for each in found] == [
                (first, "stroke"),
                (second, "frames"),
            ]
            assert found[0].payload == {"frame": 3, "revision": 7, "client": "tab"}
            assert [each.seq for each in events.after(conn, first)] == [second]
            assert events.latest(conn) == second


def test_an_event_of_a_transaction_that_fails_never_was(tmp_path):
    with create(tmp_path / "p", "p") as workspace:
        try:
            with workspace.write() as conn:
                events.append(conn, "frames")
                raise KeyError("the change that the event tells of failed")
        except KeyError:
            pass
        with workspace.read() as conn:
            assert events.after(conn, 0) == []
            assert events.latest(conn) == 0


def test_numbers_are_never_given_again_and_old_events_go(tmp_path, monkeypatch):
    monkeypatch.setattr(events, "KEPT", 50)
    with create(tmp_path / "p", "p") as workspace:
        assert _append(workspace, 200) == 200
        with workspace.read() as conn:
            kept = [each.seq for each in events.after(conn, 0)]
        assert kept == list(range(151, 201))
        assert _append(workspace, 1) == 201


def _append(workspace: Workspace, count: int) -> int:
    seq = 0
    with workspace.write() as conn:
        for _ in range(count):
            seq = events.append(conn, "frames")
    return seq
