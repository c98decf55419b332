"""Every table of the first release."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")  # SQLite numbers rows by INTEGER only


def upgrade() -> None:
    """Create them."""
    _person()
    _task()
    _card()
    _prompt()
    _lane()
    _outbox()
    _lease()
    _moment()


def _person() -> None:
    op.create_table(
        "person",
        sa.Column("slack_user", sa.Text, primary_key=True),
        sa.Column("slack_name", sa.Text, nullable=False),
        sa.Column("coder_id", sa.Text, nullable=False),
        sa.Column("coder_username", sa.Text, nullable=False),
        sa.Column("coder_name", sa.Text, nullable=False),
        sa.Column("site_owner", sa.Boolean, nullable=False),
        sa.Column("checked_at", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_person_coder_id", "person", ["coder_id"])


def _task() -> None:
    op.create_table(
        "task",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("request_key", sa.Text),
        sa.Column("phase", sa.Text, nullable=False),
        sa.Column("requester", sa.Text, nullable=False),
        sa.Column("request", sa.JSON),
        sa.Column("answer", sa.JSON),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("coder_id", sa.Text),
        sa.Column("owner_id", sa.Text),
        sa.Column("owner_slack", sa.Text),
        sa.Column("snapshot", sa.JSON),
        sa.Column("memory", sa.JSON),
        sa.Column("details", sa.JSON),
        sa.Column("asked", sa.JSON),
        sa.Column("missing", sa.Integer, nullable=False, server_default="0"),
        sa.Column("look_at", sa.BigInteger),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("closed_at", sa.BigInteger),
        sa.UniqueConstraint("request_key", name="uq_task_request_key"),
        sa.UniqueConstraint("coder_id", name="uq_task_coder_id"),
    )
    op.create_index("ix_task_phase", "task", ["phase"])


def _card() -> None:
    op.create_table(
        "card",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("task_id", sa.Text, sa.ForeignKey("task.id"), nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("ts", sa.Text),
        sa.Column("thread_ts", sa.Text),
        sa.Column("link", sa.Text),
        sa.Column("level", sa.Text, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False, server_default="0"),
        sa.Column("shown", sa.Text),
        sa.Column("edited_at", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("seen_ts", sa.Text),
        sa.Column("created_at", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_card_task_id", "card", ["task_id"])
    op.create_index("ix_card_thread", "card", ["channel", "thread_ts"])


def _prompt() -> None:
    op.create_table(
        "prompt",
        sa.Column("id", _ID, sa.Identity(), primary_key=True),
        sa.Column("task_id", sa.Text, sa.ForeignKey("task.id"), nullable=False),
        sa.Column("dedup", sa.Text, nullable=False),
        sa.Column("position", sa.Text, nullable=False),
        sa.Column("channel", sa.Text),
        sa.Column("ts", sa.Text),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("author_name", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("refusals", sa.Integer, nullable=False, server_default="0"),
        sa.Column("sent_at", sa.BigInteger),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("dedup", name="uq_prompt_dedup"),
        sqlite_autoincrement=True,
    )
    where = sa.text("state IN ('queued', 'sending')")
    op.create_index("ix_prompt_waiting", "prompt", ["task_id", "position"], postgresql_where=where, sqlite_where=where)


def _lane() -> None:
    op.create_table(
        "lane",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("ready_at", sa.BigInteger),
        sa.Column("owner", sa.Text),
        sa.Column("lease_until", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("epoch", sa.BigInteger, nullable=False, server_default="0"),
        postgresql_with={"fillfactor": 70},
    )
    where = sa.text("ready_at IS NOT NULL")
    op.create_index("ix_lane_ready", "lane", ["ready_at"], postgresql_where=where, sqlite_where=where)


def _outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", _ID, sa.Identity(), primary_key=True),
        sa.Column("lane", sa.Text, nullable=False),
        sa.Column("dedup", sa.Text, nullable=False),
        sa.Column("coalesce", sa.Text),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("payload", sa.JSON, nullable=False),
        sa.Column("state", sa.SmallInteger, nullable=False, server_default="0"),
        sa.Column("due_at", sa.BigInteger, nullable=False),
        sa.Column("in_flight", sa.SmallInteger, nullable=False, server_default="0"),
        sa.Column("maybe_sent", sa.SmallInteger, nullable=False, server_default="0"),
        sa.Column("failures", sa.Integer, nullable=False, server_default="0"),
        sa.Column("last_error", sa.Text),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("finished_at", sa.BigInteger),
        sa.UniqueConstraint("dedup", name="uq_outbox_dedup"),
        sqlite_autoincrement=True,
    )
    where = sa.text("state = 2")
    op.create_index("ix_outbox_dead", "outbox", ["id"], postgresql_where=where, sqlite_where=where)
    where = sa.text("state = 0")
    op.create_index("ix_outbox_head", "outbox", ["lane", "id"], postgresql_where=where, sqlite_where=where)


def _lease() -> None:
    op.create_table(
        "lease",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("until", sa.BigInteger, nullable=False),
        sa.Column("epoch", sa.BigInteger, nullable=False),
    )


def _moment() -> None:
    op.create_table(
        "moment",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("at", sa.BigInteger, nullable=False),
    )
