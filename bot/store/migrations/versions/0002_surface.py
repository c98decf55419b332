"""What the whole Slack surface needs: settings, watches, batches, forms, the Home tab."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")  # SQLite numbers rows by INTEGER only


def upgrade() -> None:
    """Add columns and tables; a build that knows only the first revision goes on working beside it."""
    op.add_column("person", sa.Column("organizations", sa.JSON))
    _task_and_card()
    _settings()
    _watch()
    _batch()
    _form()
    _home()


def _task_and_card() -> None:
    op.add_column("task", sa.Column("steered", sa.Boolean))
    op.add_column("task", sa.Column("mention", sa.Boolean, nullable=False, server_default=sa.true()))
    op.add_column("task", sa.Column("tell", sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("task", sa.Column("batch_id", sa.Text))
    op.add_column("task", sa.Column("batch_line", sa.Integer))
    op.add_column("task", sa.Column("waits", sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("task", sa.Column("refusal", sa.Text))
    op.create_index("ix_task_batch_id", "task", ["batch_id"])
    op.add_column("prompt", sa.Column("files", sa.JSON))
    op.add_column("card", sa.Column("events", sa.JSON))
    op.add_column("card", sa.Column("shown_by", sa.Text, nullable=False, server_default=""))
    op.add_column("card", sa.Column("unfollowed_by", sa.Text, nullable=False, server_default=""))
    op.add_column("card", sa.Column("unfollowed_at", sa.BigInteger))


def _settings() -> None:
    op.create_table(
        "channel_settings",
        sa.Column("channel", sa.Text, primary_key=True),
        sa.Column("template", sa.Text, nullable=False),
        sa.Column("preset", sa.Text, nullable=False),
        sa.Column("level", sa.Text),
        sa.Column("start", sa.Text, nullable=False),
        sa.Column("prompts", sa.Text, nullable=False),
        sa.Column("changed_by", sa.Text, nullable=False),
        sa.Column("changed_by_name", sa.Text, nullable=False),
        sa.Column("changed_at", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "person_settings",
        sa.Column("slack_user", sa.Text, primary_key=True),
        sa.Column("template", sa.Text, nullable=False),
        sa.Column("preset", sa.Text, nullable=False),
        sa.Column("level", sa.Text),
        sa.Column("clean_up", sa.Boolean, nullable=False),
    )


def _watch() -> None:
    op.create_table(
        "watch",
        sa.Column("id", _ID, sa.Identity(), primary_key=True),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("owner_id", sa.Text, nullable=False),
        sa.Column("owner_name", sa.Text, nullable=False),
        sa.Column("template", sa.Text, nullable=False),
        sa.Column("events", sa.JSON, nullable=False),
        sa.Column("set_by", sa.Text, nullable=False),
        sa.Column("set_by_name", sa.Text, nullable=False),
        sa.Column("set_by_coder", sa.Text, nullable=False),
        sa.Column("sees_all", sa.Boolean, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_watch_channel", "watch", ["channel"])


def _batch() -> None:
    op.create_table(
        "batch",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("requester", sa.Text, nullable=False),
        sa.Column("requester_name", sa.Text, nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("ts", sa.Text),
        sa.Column("link", sa.Text),
        sa.Column("prompts", sa.JSON, nullable=False),
        sa.Column("shown", sa.Text),
        sa.Column("revision", sa.Integer, nullable=False, server_default="0"),
        sa.Column("edited_at", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("created_at", sa.BigInteger, nullable=False),
    )


def _form() -> None:
    op.create_table(
        "form",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("user", sa.Text, nullable=False),
        sa.Column("view_id", sa.Text),
        sa.Column("data", sa.JSON, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_form_created_at", "form", ["created_at"])


def _home() -> None:
    op.create_table(
        "home",
        sa.Column("slack_user", sa.Text, primary_key=True),
        sa.Column("opened_at", sa.BigInteger, nullable=False),
        sa.Column("published_at", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("shown", sa.Text),
    )
