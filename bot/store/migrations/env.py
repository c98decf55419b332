"""Alembic runs this: the revisions go through the connection, and the transaction, that `bot.store.migrate` holds."""

from alembic import context

from bot.store.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
