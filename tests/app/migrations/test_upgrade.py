from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import CheckConstraint, Connection, inspect, select

from annotations import store
from annotations.schema import clips, frames, stroke_ops
from app import migrations
from app.database import open_engine, writing
from app.migrations.upgrade import HEAD, upgrade, version
from app.schema import metadata, project, scenes


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    return config


def test_head_is_the_newest_revision_of_one_line():
    script = ScriptDirectory.from_config(_config())
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


def _make_of_0001(conn: Connection) -> Config:
    """Make a project of the first schema with one frame."""
    config = _config()
    config.attributes["connection"] = conn
    command.upgrade(config, "0001")
    conn.exec_driver_sql("INSERT INTO project VALUES (1, 'p', 0, NULL)")
    conn.execute(clips.insert().values(name="c", kind="images", created_at=0.0))
    fields = 'id, clip_id, "index", name, file, thumbnail, height, width, reserved, sha256'
    values = "7, 1, 0, 'f', 'f.jpg', 't.jpg', 4, 6, 0, ''"
    conn.exec_driver_sql(f"INSERT INTO frames ({fields}) VALUES ({values})")  # noqa: S608 - own
    return config


def test_a_project_without_scenes_gets_them_and_keeps_its_frames(tmp_path):
    engine = open_engine(tmp_path / "a.sqlite")
    with writing(engine).begin() as conn:
        _make_of_0001(conn)
    with writing(engine).begin() as conn:
        upgrade(conn)
        (frame,) = store.list_frames(conn)
        assert (frame.frame_id, frame.name, frame.focal) == (7, "f", None)
        assert conn.execute(select(project.c.active_scene)).scalar_one() is None
        assert conn.execute(select(scenes)).all() == []
        conn.execute(frames.update().values(focal=500.5))
        assert store.get_frame(conn, 7).focal == 500.5
    engine.dispose()


def test_steps_named_behind_a_tab_get_their_own_column(tmp_path):
    engine = open_engine(tmp_path / "a.sqlite")
    logged = [
        ("do", "a tab", "a tab", None),
        ("undo", "a tab 0123abcd-ef", "a tab", "0123abcd-ef"),
        ("redo", "tab", "tab", None),
        ("undo", "tab redo", "tab redo", None),  # too short for a step's name
    ]
    with writing(engine).begin() as conn:
        command.upgrade(_make_of_0001(conn), "0002")
        conn.exec_driver_sql("INSERT INTO strokes VALUES ('s', 7, 0, 3.0, x'', 'ann', 1)")
        for revision, (intent, client, _, _) in enumerate(logged, start=1):
            conn.exec_driver_sql(
                "INSERT INTO stroke_ops VALUES (?, ?, 'add', 's', 'g', ?, 'ann', ?, 0.0)",
                (revision, revision, intent, client),
            )
    with writing(engine).begin() as conn:
        upgrade(conn)
        found = select(stroke_ops.c.intent, stroke_ops.c.client, stroke_ops.c.step)
        rows = conn.execute(found.order_by(stroke_ops.c.id)).all()
        assert [tuple(row) for row in rows] == [(one[0], *one[2:]) for one in logged]
        assert store.step_done(conn, "0123abcd-ef") == (2, (7,))
        assert store.step_done(conn, "unknown-step") is None
        plan = conn.exec_driver_sql(
            "EXPLAIN QUERY PLAN SELECT revision FROM stroke_ops WHERE step = 'x'"
        )
        assert "ix_stroke_ops_step" in str(plan.all())
    engine.dispose()
