"""The tables: one text for SQLite and PostgreSQL. Times are milliseconds of the database's clock."""

from __future__ import annotations

import sqlalchemy as sa

metadata = sa.MetaData(naming_convention={"uq": "uq_%(table_name)s_%(column_0_name)s", "ix": "ix_%(column_0_label)s"})

# SQLite makes a rowid alias only of INTEGER, never of BIGINT.
_Id = sa.BigInteger().with_variant(sa.Integer, "sqlite")

# What Coder and Slack know of a person; filled by the e-mail match and trusted until `checked_at` is old.
person = sa.Table(
    "person",
    metadata,
    sa.Column("slack_user", sa.Text, primary_key=True),
    sa.Column("slack_name", sa.Text, nullable=False),
    sa.Column("coder_id", sa.Text, nullable=False, index=True),
    sa.Column("coder_username", sa.Text, nullable=False),
    sa.Column("coder_name", sa.Text, nullable=False),
    sa.Column("site_owner", sa.Boolean, nullable=False),
    sa.Column("organizations", sa.JSON),  # ids of those they are a member of; NULL: not asked yet
    sa.Column("checked_at", sa.BigInteger, nullable=False),
)

task = sa.Table(
    "task",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("request_key", sa.Text, unique=True),  # Slack's trigger: the same request can never make two tasks
    sa.Column("phase", sa.Text, nullable=False),  # creating, open, closed, refused
    sa.Column("requester", sa.Text, nullable=False),  # Slack user id
    sa.Column("request", sa.JSON),  # what was asked; NULL for a task that was not created from Slack
    sa.Column("answer", sa.JSON),  # where the private answer goes, until it has gone there
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("coder_id", sa.Text, unique=True),  # NULL until Coder has accepted
    sa.Column("owner_id", sa.Text),
    sa.Column("owner_slack", sa.Text),
    sa.Column("snapshot", sa.JSON),
    sa.Column("memory", sa.JSON),  # what has been told and since when (changes.Memory)
    sa.Column("details", sa.JSON),  # what only the workspace knows: cause of a failure, place in the queue
    sa.Column("asked", sa.JSON),  # pause, resume or delete asked in Slack and not seen in Coder yet
    sa.Column("missing", sa.Integer, nullable=False, server_default="0"),  # polls in a row that did not see it
    sa.Column("look_at", sa.BigInteger),  # when the card changes by time alone
    sa.Column("steered", sa.Boolean),  # whether its threads may prompt it; NULL: as the channel has it
    sa.Column("mention", sa.Boolean, nullable=False, server_default=sa.true()),
    sa.Column("tell", sa.Boolean, nullable=False, server_default=sa.false()),  # direct messages to the requester
    sa.Column("batch_id", sa.Text, index=True),
    sa.Column("batch_line", sa.Integer),
    sa.Column("waits", sa.Boolean, nullable=False, server_default=sa.false()),  # its turn in the batch has not come
    sa.Column("refusal", sa.Text),  # why it was not created
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("closed_at", sa.BigInteger),
)
sa.Index("ix_task_phase", task.c.phase)

card = sa.Table(
    "card",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("task_id", sa.Text, sa.ForeignKey("task.id"), nullable=False, index=True),
    sa.Column("channel", sa.Text, nullable=False),
    sa.Column("ts", sa.Text),  # NULL until posted
    sa.Column("thread_ts", sa.Text),  # the thread that belongs to the task
    sa.Column("link", sa.Text),  # the address of the message
    sa.Column("level", sa.Text, nullable=False),  # important, all, quiet
    sa.Column("revision", sa.Integer, nullable=False, server_default="0"),
    sa.Column("shown", sa.Text),  # fingerprint of what Slack shows
    sa.Column("edited_at", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("seen_ts", sa.Text),  # newest message of the thread that was taken in
    sa.Column("events", sa.JSON),  # a watched task's card: only these conditions are told; NULL: as the level says
    sa.Column("shown_by", sa.Text, nullable=False, server_default=""),  # who brought the card here
    sa.Column("unfollowed_by", sa.Text, nullable=False, server_default=""),  # who ended that
    sa.Column("unfollowed_at", sa.BigInteger),  # NULL: it follows its task
    sa.Column("created_at", sa.BigInteger, nullable=False),
)
sa.Index("ix_card_thread", card.c.channel, card.c.thread_ts)

prompt = sa.Table(
    "prompt",
    metadata,
    sa.Column("id", _Id, sa.Identity(), primary_key=True),
    sa.Column("task_id", sa.Text, sa.ForeignKey("task.id"), nullable=False),
    sa.Column("dedup", sa.Text, nullable=False, unique=True),  # channel:ts of the message, or the command's trigger
    sa.Column("position", sa.Text, nullable=False),  # Slack's ts: the order in which people wrote
    sa.Column("channel", sa.Text),  # the person's own message, NULL for the send command
    sa.Column("ts", sa.Text),
    sa.Column("author", sa.Text, nullable=False),  # Slack user id
    sa.Column("author_name", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),  # models.PromptState
    sa.Column("refusals", sa.Integer, nullable=False, server_default="0"),
    sa.Column("sent_at", sa.BigInteger),  # when the last try began
    sa.Column("files", sa.JSON),  # text files of the message, and links to others; NULL: none
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sqlite_autoincrement=True,
)
_waiting = prompt.c.state.in_([sa.literal_column("'queued'"), sa.literal_column("'sending'")])
sa.Index("ix_prompt_waiting", prompt.c.task_id, prompt.c.position, postgresql_where=_waiting, sqlite_where=_waiting)

# One row per ordering key. Whoever holds the lease delivers the lane's items, one after the other; the epoch grows with
# every new holder, so that a frozen one that wakes cannot report any more.
lane = sa.Table(
    "lane",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("ready_at", sa.BigInteger),  # due time of the first item; NULL: empty
    sa.Column("owner", sa.Text),
    sa.Column("lease_until", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("epoch", sa.BigInteger, nullable=False, server_default="0"),
    postgresql_with={"fillfactor": 70},
)
_not_empty = lane.c.ready_at.isnot(None)
sa.Index("ix_lane_ready", lane.c.ready_at, postgresql_where=_not_empty, sqlite_where=_not_empty)

outbox = sa.Table(
    "outbox",
    metadata,
    sa.Column("id", _Id, sa.Identity(), primary_key=True),
    sa.Column("lane", sa.Text, nullable=False),
    sa.Column("dedup", sa.Text, nullable=False, unique=True),
    sa.Column("coalesce", sa.Text),  # a newer item of the same lane and key supersedes a waiting one
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("payload", sa.JSON, nullable=False),
    sa.Column("state", sa.SmallInteger, nullable=False, server_default="0"),  # store.lanes.State
    sa.Column("due_at", sa.BigInteger, nullable=False),
    sa.Column("in_flight", sa.SmallInteger, nullable=False, server_default="0"),  # an attempt has begun, no outcome yet
    sa.Column("maybe_sent", sa.SmallInteger, nullable=False, server_default="0"),  # an earlier outcome is unknown
    sa.Column("failures", sa.Integer, nullable=False, server_default="0"),
    sa.Column("last_error", sa.Text),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("finished_at", sa.BigInteger),
    sqlite_autoincrement=True,
)
_pending = outbox.c.state == sa.literal_column("0")  # a literal: a bound value would not match the partial index
sa.Index("ix_outbox_head", outbox.c.lane, outbox.c.id, postgresql_where=_pending, sqlite_where=_pending)
_dead = outbox.c.state == sa.literal_column("2")
sa.Index("ix_outbox_dead", outbox.c.id, postgresql_where=_dead, sqlite_where=_dead)

lease = sa.Table(
    "lease",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("until", sa.BigInteger, nullable=False),
    sa.Column("epoch", sa.BigInteger, nullable=False),
)

# Moments that all replicas share: when Coder last answered, when the bot was last alive.
moment = sa.Table(
    "moment",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("at", sa.BigInteger, nullable=False),
)

channel_settings = sa.Table(
    "channel_settings",
    metadata,
    sa.Column("channel", sa.Text, primary_key=True),
    sa.Column("template", sa.Text, nullable=False),
    sa.Column("preset", sa.Text, nullable=False),
    sa.Column("level", sa.Text),
    sa.Column("start", sa.Text, nullable=False),  # anyone, members, nobody
    sa.Column("prompts", sa.Text, nullable=False),  # owner, anyone
    sa.Column("changed_by", sa.Text, nullable=False),
    sa.Column("changed_by_name", sa.Text, nullable=False),
    sa.Column("changed_at", sa.BigInteger, nullable=False),
)

person_settings = sa.Table(
    "person_settings",
    metadata,
    sa.Column("slack_user", sa.Text, primary_key=True),
    sa.Column("template", sa.Text, nullable=False),
    sa.Column("preset", sa.Text, nullable=False),
    sa.Column("level", sa.Text),
    sa.Column("clean_up", sa.Boolean, nullable=False),
)

# A channel's subscription to tasks that nobody started from Slack.
watch = sa.Table(
    "watch",
    metadata,
    sa.Column("id", _Id, sa.Identity(), primary_key=True),
    sa.Column("channel", sa.Text, nullable=False, index=True),
    sa.Column("owner_id", sa.Text, nullable=False),  # empty: any
    sa.Column("owner_name", sa.Text, nullable=False),
    sa.Column("template", sa.Text, nullable=False),  # empty: any
    sa.Column("events", sa.JSON, nullable=False),
    sa.Column("set_by", sa.Text, nullable=False),
    sa.Column("set_by_name", sa.Text, nullable=False),
    sa.Column("set_by_coder", sa.Text, nullable=False),
    sa.Column("sees_all", sa.Boolean, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sqlite_autoincrement=True,
)

batch = sa.Table(
    "batch",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("requester", sa.Text, nullable=False),
    sa.Column("requester_name", sa.Text, nullable=False),
    sa.Column("channel", sa.Text, nullable=False),
    sa.Column("ts", sa.Text),  # NULL until the roll-up is posted
    sa.Column("link", sa.Text),
    sa.Column("prompts", sa.JSON, nullable=False),
    sa.Column("shown", sa.Text),
    sa.Column("revision", sa.Integer, nullable=False, server_default="0"),
    sa.Column("edited_at", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("created_at", sa.BigInteger, nullable=False),
)

# What a form that somebody has opened knows beside its fields: drafts and quotes, for a day.
form = sa.Table(
    "form",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("user", sa.Text, nullable=False),
    sa.Column("view_id", sa.Text),
    sa.Column("data", sa.JSON, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False, index=True),
)

# Whoever has opened the Home tab: it is kept fresh for them.
home = sa.Table(
    "home",
    metadata,
    sa.Column("slack_user", sa.Text, primary_key=True),
    sa.Column("opened_at", sa.BigInteger, nullable=False),
    sa.Column("published_at", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("shown", sa.Text),  # fingerprint of what Slack shows
)
