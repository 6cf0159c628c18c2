"""Runs revisions on the connection that `casework.database.upgrade` hands over."""

from alembic import context

from casework.records import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, transaction_per_migration=False)
context.run_migrations()
