"""The label revision."""

from __future__ import annotations

from annotations.revisions import current_revision, next_revision


def test_revisions_count_up_and_none_is_lost_or_kept_by_a_refused_change(engine):
    with engine.begin() as conn:
        start = current_revision(conn)
        assert [next_revision(conn), next_revision(conn)] == [start + 1, start + 2]
        assert current_revision(conn) == start + 2
    with engine.connect() as conn:
        next_revision(conn)
        conn.rollback()
    with engine.begin() as conn:
        assert next_revision(conn) == start + 3
