from __future__ import annotations

from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import CheckConstraint, inspect

from app import migrations
from app.database import open_engine, writing
from app.migrations.upgrade import HEAD, upgrade, version
from app.schema import metadata


def test_head_is_the_newest_revision_of_one_line():
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    script = ScriptDirectory.from_config(config)
    assert script.get_heads() == [HEAD]
    names = [revision.revision for revision in script.walk_revisions()]
    assert names == sorted(names, reverse=True)  # "newer" is told by comparing them


def test_the_migrations_make_what_the_tables_say(tmp_path):
    engine = open_engine(tmp_path / "a.sqlite")
    with writing(engine).begin() as conn:
        assert version(conn) is None
        upgrade(conn)
    with engine.begin() as conn:
        assert version(conn) == HEAD
        context = MigrationContext.configure(
            conn, opts={"compare_type": True, "compare_server_default": True}
        )
        assert compare_metadata(context, metadata) == []
        for table in metadata.tables.values():  # what Alembic does not compare
            wanted = {
                str(c.name) for c in table.constraints if isinstance(c, CheckConstraint) and c.name
            }
            found = {str(c["name"]) for c in inspect(conn).get_check_constraints(table.name)}
            assert found == wanted, table.name
    engine.dispose()


def test_upgrading_what_is_up_to_date_does_nothing(tmp_path):
    engine = open_engine(tmp_path / "a.sqlite")
    for _ in range(2):
        with writing(engine).begin() as conn:
            upgrade(conn)
    engine.dispose()
