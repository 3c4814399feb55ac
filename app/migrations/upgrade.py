"""The schema's version and the way from an older one to it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from sqlalchemy import Connection, inspect, text

HEAD: Final = "0004"
"""The newest revision in versions/: opening a project compares it without importing Alembic."""


def version(conn: Connection) -> str | None:
    """Return the schema version of a database; None where it has none."""
    if not inspect(conn).has_table("alembic_version"):
        return None
    return conn.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()


def upgrade(conn: Connection) -> None:
    """Bring the database to HEAD inside the caller's transaction."""
    from alembic import command  # slow to import, and needed only when the schema changes
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = conn
    command.upgrade(config, HEAD)
