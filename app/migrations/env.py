"""Alembic's door: runs the revisions on the connection that app/migrations/upgrade.py hands in."""

from alembic import context

from app.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite can't alter most of a table in place
    transactional_ddl=True,  # the caller's one transaction: all of a revision or nothing
)
context.run_migrations()
