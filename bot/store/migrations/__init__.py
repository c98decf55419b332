"""The revisions of the schema, as Alembic reads them.

To add one: write `versions/000N_what.py` after its predecessor and raise `HEAD`; a test says what differs from
`bot.store.schema`. Only expand: during a rollout the replicas of the build before still run on the new schema, so what
they use goes one release later. On SQLite alter tables with `op.batch_alter_table`.
"""

from typing import Final

HEAD: Final = "0002"  # the newest revision here, known without importing Alembic
