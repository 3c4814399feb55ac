from __future__ import annotations

from sqlalchemy import inspect

from app.database import open_engine
from app.migrations.upgrade import upgrade


def test_a_migration_that_fails_leaves_an_empty_database_empty(tmp_path):
    engine = open_engine(tmp_path / "a.sqlite")
    with engine.connect() as conn:
        transaction = conn.begin()
        upgrade(conn)
        transaction.rollback()
    with engine.begin() as conn:
        assert inspect(conn).get_table_names() == []
    engine.dispose()
