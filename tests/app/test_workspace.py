from __future__ import annotations

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from sqlalchemy import Connection, insert, select, text, update

from annotations import store
from annotations.schema import clips
from app import workspace as module
from app.errors import StudioError
from app.migrations.upgrade import HEAD, version
from app.schema import project as project_table
from app.workspace import Workspace, create, making, open_workspace
from tests.app import samples

NEXT = f"{int(HEAD) + 1:04d}"


def _name(workspace: Workspace) -> str:
    with workspace.read() as conn:
        return conn.execute(select(project_table.c.name)).scalar_one()


def _add_clip(conn: Connection) -> None:
    conn.execute(insert(clips).values(name="c", kind="images", created_at=0.0))


def _clips(workspace: Workspace) -> int:
    with workspace.read() as conn:
        return len(conn.execute(select(clips)).all())


def test_a_new_project_is_empty_and_of_the_newest_schema(tmp_path):
    with create(tmp_path / "deep" / "project", "  street  ") as workspace:
        assert workspace.root == (tmp_path / "deep/project").resolve()
        assert _name(workspace) == "street"
        with workspace.read() as conn:
            assert version(conn) == HEAD
            assert store.current_revision(conn) == 0
            assert store.list_frames(conn) == []
    assert [path.name for path in (tmp_path / "deep/project").iterdir()] == ["project.sqlite"]


def test_the_folder_can_be_moved_and_everything_opens(project, tmp_path):
    samples.label_all(project)
    project.close()
    moved = tmp_path / "elsewhere" / "moved"
    moved.parent.mkdir()
    shutil.move(project.root, moved)
    with open_workspace(moved) as workspace:
        with workspace.read() as conn:
            frames = store.list_frames(conn)
            assert len(store.strokes_at(conn, frames[0].frame_id)) == 6
            dump = "\n".join(
                str(row)
                for (table,) in conn.execute(text("SELECT name FROM sqlite_master WHERE rootpage"))
                if not table.startswith(("ix_", "sqlite_"))
                for row in conn.exec_driver_sql(f'SELECT * FROM "{table}"')  # noqa: S608 - own names
            )
        assert "frames/0001/000000.png" in dump
        assert str(tmp_path) not in dump
        for index, frame in enumerate(frames):
            found = samples.pixels(workspace.path(frame.file))
            assert (found == samples.picture(index)).all()


def test_paths_stay_inside_the_folder(tmp_path):
    with create(tmp_path / "project", "p") as workspace:
        inside = workspace.path("frames/0001/a.png")
        assert inside == workspace.root / "frames/0001/a.png"
        assert workspace.relative(inside) == "frames/0001/a.png"
        for bad in ("../x", "/etc/passwd", "frames/../../x", ".", ""):
            with pytest.raises(StudioError, match="is not a path inside the project folder"):
                workspace.path(bad)
        with pytest.raises(StudioError, match="is not inside the project folder"):
            workspace.relative(tmp_path / "x")
        (workspace.root / "link").symlink_to(tmp_path)
        with pytest.raises(StudioError, match="is not a path inside"):
            workspace.path("link/x")


def test_a_folder_in_use_is_refused_and_left_as_it_is(tmp_path):
    root = tmp_path / "project"
    create(root, "p").close()
    with pytest.raises(StudioError, match=r"project already holds a project$"):
        create(root, "q")
    with open_workspace(root) as workspace:
        assert _name(workspace) == "p"
    full = tmp_path / "full"
    full.mkdir()
    (full / "mine.txt").write_text("x")
    with pytest.raises(StudioError, match=r"full is not empty \(mine.txt\); give a new or empty"):
        create(full, "p")
    with pytest.raises(StudioError, match=r"mine.txt is a file, not a folder$"):
        create(full / "mine.txt", "p")
    with pytest.raises(StudioError, match=r"^a project needs a name$"):
        create(tmp_path / "none", "  ")
    assert [path.name for path in full.iterdir()] == ["mine.txt"]
    assert not (tmp_path / "none").exists()


def test_what_is_no_project_is_one_line(tmp_path):
    with pytest.raises(StudioError, match=r"gone is not a project folder; make one with `rewis3d"):
        open_workspace(tmp_path / "gone")
    (tmp_path / "project.sqlite").touch()
    with pytest.raises(StudioError, match=r"project.sqlite is not a database of rewis3d-studio$"):
        open_workspace(tmp_path)
    (tmp_path / "project.sqlite").write_bytes(b"hello" * 1000)
    with pytest.raises(StudioError, match=r"project.sqlite: it is not a database, or it is dam"):
        open_workspace(tmp_path)


def test_a_project_in_the_making_becomes_one_at_the_end(tmp_path):
    root = tmp_path / "project"
    with making(root, "p") as workspace:
        with workspace.write() as conn:
            _add_clip(conn)
        with pytest.raises(StudioError, match=r"project: making this project was cut short"):
            open_workspace(root)
        with pytest.raises(StudioError, match=r"project: a project is being made here already$"):
            create(root, "q")
    with open_workspace(root) as workspace:
        assert (_name(workspace), _clips(workspace)) == ("p", 1)
    assert [path.name for path in root.iterdir()] == ["project.sqlite"]


@pytest.mark.parametrize("existed", [True, False])
def test_a_making_that_fails_leaves_the_folder_as_it_was(tmp_path, existed):
    root = tmp_path / "project"
    if existed:
        root.mkdir()

    def make() -> None:
        with making(root, "p") as workspace:
            (workspace.root / "frames" / "0001").mkdir(parents=True)
            (workspace.root / "frames" / "0001" / "a.png").touch()
            raise StudioError("the video is broken")

    with pytest.raises(StudioError, match=r"^the video is broken$"):
        make()
    assert root.exists() == existed
    assert not existed or list(root.iterdir()) == []


KILLED = """
    import os, signal, sys
    from pathlib import Path
    from app.ingest.images import import_images
    from app.workspace import making

    def kill(done, total):
        if done == 3:
            os.kill(os.getpid(), signal.SIGKILL)

    root, images = sys.argv[1:]
    with making(Path(root), "p") as workspace:
        import_images(workspace, Path(images), on_progress=kill)
"""


def test_a_making_that_was_killed_can_start_again(tmp_path):
    root, images = tmp_path / "project", samples.write_images(tmp_path / "images")
    command = [sys.executable, "-c", textwrap.dedent(KILLED), str(root), str(images)]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    assert (root / "frames").is_dir()
    with pytest.raises(StudioError, match="cut short; `rewis3d new` it again"):
        open_workspace(root)
    with create(root, "again") as workspace:
        assert _name(workspace) == "again"
    assert [path.name for path in root.iterdir()] == ["project.sqlite"]


def test_what_people_put_beside_an_unfinished_project_is_kept(tmp_path):
    root = tmp_path / "project"
    root.mkdir()
    (root / "project.sqlite.new").touch()
    (root / "notes.txt").write_text("mine")
    with pytest.raises(StudioError, match=r"is not empty \(notes.txt\)"):
        create(root, "p")
    assert (root / "notes.txt").read_text() == "mine"


def test_the_lock_of_a_making_dies_with_it(tmp_path):
    root = tmp_path / "project"
    root.mkdir()
    handle = os.open(root, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    with pytest.raises(StudioError, match="being made here already"):
        create(root, "p")
    os.close(handle)
    create(root, "p").close()


def test_a_newer_project_is_refused_and_untouched(tmp_path):
    root = tmp_path / "project"
    with create(root, "p") as workspace, workspace.write() as conn:
        conn.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    before = (root / "project.sqlite").read_bytes()
    with pytest.raises(StudioError, match=r"newer version \(schema 9999, .* update rewis3d-studio"):
        open_workspace(root)
    assert (root / "project.sqlite").read_bytes() == before
    assert [path.name for path in root.iterdir()] == ["project.sqlite"]


def _next_schema(conn: Connection) -> None:
    """Stand in for the migration that a next version would bring: it rebuilds a table."""
    conn.execute(text("CREATE TABLE clips_new (id INTEGER PRIMARY KEY, name, kind, created_at)"))
    conn.execute(text("INSERT INTO clips_new SELECT * FROM clips"))
    conn.execute(text("DROP TABLE clips"))
    conn.execute(text("ALTER TABLE clips_new RENAME TO clips"))
    conn.execute(text("UPDATE alembic_version SET version_num = :next"), {"next": NEXT})


@pytest.fixture
def newer_program(monkeypatch):
    monkeypatch.setattr(module, "HEAD", NEXT)
    monkeypatch.setattr(module, "upgrade", _next_schema)


def _foreign_keys(workspace: Workspace) -> int:
    with workspace.engine.connect() as conn:
        return conn.exec_driver_sql("PRAGMA foreign_keys").scalar_one()


def test_an_older_project_is_brought_up_to_date_after_a_backup(project, newer_program):
    root = project.root
    samples.label_all(project)
    project.close()
    with open_workspace(root) as workspace:
        with workspace.read() as conn:
            assert version(conn) == NEXT
            assert len(store.list_frames(conn)) == 4  # rebuilding clips took no frame with it
            assert store.current_revision(conn) == 7
        assert _foreign_keys(workspace) == 1
    backup = root / f"project.{HEAD}.sqlite"
    shutil.copy(backup, root / "project.sqlite")  # the way back
    with Workspace(root) as workspace, workspace.read() as conn:
        assert version(conn) == HEAD
        assert store.current_revision(conn) == 7


def test_a_migration_that_fails_changes_nothing(project, newer_program, monkeypatch):
    def broken(conn: Connection) -> None:
        _next_schema(conn)
        conn.execute(text("DELETE FROM clips"))  # frames refer to them

    root = project.root
    project.close()
    with monkeypatch.context() as patch:
        patch.setattr(module, "upgrade", broken)
        with pytest.raises(StudioError, match=r"^migration left broken references in frames$"):
            open_workspace(root)
    with open_workspace(root) as workspace:
        assert _clips(workspace) == 1


def test_a_transaction_in_the_way_of_the_disk_is_one_line(tmp_path):
    def fill(workspace: Workspace) -> None:
        with workspace.write() as conn:
            conn.exec_driver_sql("PRAGMA max_page_count = 1")
            conn.execute(update(project_table).values(name="x" * 100_000))

    with create(tmp_path / "project", "p") as workspace:
        with pytest.raises(StudioError, match=r"project.sqlite: the disk is full$"):
            fill(workspace)
        assert _name(workspace) == "p"


def test_many_threads_may_read_at_once(project):
    connections = [project.engine.connect() for _ in range(30)]
    for connection in connections:
        connection.close()


def test_the_work_tree_of_a_project_holds_what_the_docs_say(project):
    names = sorted(path.relative_to(project.root).as_posix() for path in project.root.rglob("*"))
    files = [name for name in names if Path(name).suffix in (".png", ".jpg")]
    assert files == [
        *(f"frames/0001/{index:06d}.png" for index in range(4)),
        *(f"thumbnails/0001/{index:06d}.jpg" for index in range(4)),
    ]
