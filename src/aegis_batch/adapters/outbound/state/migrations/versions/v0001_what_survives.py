"""The first schema: runs, schedules and their occurrences, and what is told about them.

It says everything anew and takes nothing from the program, which may have changed since.
"""

import sqlalchemy as sa
from alembic import op

from aegis_batch.adapters.outbound.state.instants import Instant
from aegis_batch.adapters.outbound.state.texts import NAME

__all__ = ["down_revision", "revision", "upgrade"]

revision = "0001"
down_revision = None

# What refuses to change the audit's rows, for each kind of database.
_APPEND_ONLY = {
    "sqlite": (
        (
            "CREATE TRIGGER audit_refuses_{deed} BEFORE {deed} ON audit"
            " BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END"
        ),
        ("UPDATE", "DELETE"),
    ),
    "postgresql": (
        (
            "CREATE TRIGGER audit_refuses_{deed} BEFORE {deed} ON audit"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change()"
        ),
        ("UPDATE", "DELETE", "TRUNCATE"),
    ),
}
_REFUSE_TO_CHANGE = """
CREATE FUNCTION refuse_to_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the table % is append-only', TG_TABLE_NAME USING ERRCODE = '23001';
END
$$"""


def upgrade() -> None:
    """Make the tables, their indexes and the audit's triggers."""
    _make_runs()
    _make_schedules()
    _make_histories()
    _make_dead_letters()
    _make_signs()
    dialect = op.get_bind().dialect.name
    if dialect == "postgresql":
        op.execute(_REFUSE_TO_CHANGE)
    trigger, deeds = _APPEND_ONLY[dialect]
    for deed in deeds:
        op.execute(trigger.format(deed=deed))


def _make_runs() -> None:
    op.create_table(
        "runs",
        sa.Column("id", NAME, primary_key=True),
        sa.Column("trace_id", NAME, nullable=False),
        sa.Column("job", NAME, nullable=False),
        *_key_columns(),
        sa.Column("trigger", NAME, nullable=False),
        sa.Column("requested_by", NAME, nullable=False),
        sa.Column("state", NAME, nullable=False),
        sa.Column("work_id", NAME, nullable=False),
        sa.Column("enqueued_at", Instant, nullable=False),
        sa.Column("due_at", Instant, nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("requeues", sa.Integer, nullable=False),
        sa.Column("nominal", Instant),
        sa.Column("schedule", NAME),
        sa.Column("parent", NAME),
        sa.Column("replay_of", NAME),
        sa.Column("cancel_requested", sa.Boolean, nullable=False),
        sa.Column("started_at", Instant),
        sa.Column("ended_at", Instant),
        sa.Column("executor", NAME),
        sa.Column("outcome", NAME),
        sa.Column("orders", sa.BigInteger),
        sa.Column("seal", sa.Text),
        sa.Column("problem", sa.Text),
        sa.Column("duration_ms", sa.Double),
        sa.Column("cpu_seconds", sa.Double),
        sa.Column("peak_memory_bytes", sa.BigInteger),
    )
    place = ["enqueued_at", "id"]
    key = ["tenant", "period_kind", "first_day"]
    op.create_index("runs_by_time", "runs", place)
    op.create_index("runs_by_key", "runs", [*key, *place])
    op.create_index("runs_by_day", "runs", ["first_day", *place])
    op.create_index("runs_by_state", "runs", ["state", *place])
    op.create_index("runs_by_schedule", "runs", ["schedule", *place])
    op.create_index("runs_by_schedule_and_state", "runs", ["schedule", "state", *place])
    op.create_index("runs_by_parent", "runs", ["parent", *place])


def _make_schedules() -> None:
    op.create_table(
        "schedules",
        sa.Column("name", NAME, primary_key=True),
        sa.Column("job", NAME, nullable=False),
        sa.Column("kind", NAME, nullable=False),
        sa.Column("cron", NAME),
        sa.Column("zone", NAME),
        sa.Column("every_us", sa.BigInteger),
        sa.Column("at", Instant),
        sa.Column("overlap", NAME, nullable=False),
        sa.Column("catch_up_us", sa.BigInteger, nullable=False),
        sa.Column("jitter_max_seconds", sa.Integer, nullable=False),
        sa.Column("newest_only", sa.Boolean, nullable=False),
        sa.Column("next_at", Instant),
        sa.Column("decided_until", Instant),
        sa.Column("paused_by", NAME),
        sa.Column("paused_at", Instant),
        sa.Column("pause_note", NAME),
        sa.Column("retired", sa.Boolean, nullable=False),
    )
    op.create_index("schedules_by_next", "schedules", ["retired", "next_at", "name"])
    op.create_table(
        "occurrences",
        sa.Column("schedule", NAME, nullable=False),
        sa.Column("nominal", Instant, nullable=False),
        sa.Column("decided_at", Instant, nullable=False),
        sa.Column("decision", NAME, nullable=False),
        sa.Column("reason", NAME, nullable=False),
        sa.Column("run_id", NAME),
        sa.PrimaryKeyConstraint("schedule", "nominal"),
    )


def _make_histories() -> None:
    op.create_table(
        "timeline",
        _counter(),
        sa.Column("run_id", NAME, nullable=False),
        sa.Column("at", Instant, nullable=False),
        sa.Column("name", NAME, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
    )
    op.create_index("timeline_by_run", "timeline", ["run_id", "id"])
    op.create_table(
        "audit",
        _counter(),
        sa.Column("at", Instant, nullable=False),
        sa.Column("operator", NAME, nullable=False),
        sa.Column("action", NAME, nullable=False),
        sa.Column("subject", NAME, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
    )


def _make_dead_letters() -> None:
    op.create_table(
        "dead_letters",
        sa.Column("run_id", NAME, primary_key=True),
        sa.Column("job", NAME, nullable=False),
        *_key_columns(),
        sa.Column("outcome", NAME, nullable=False),
        sa.Column("problem", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("died_at", Instant, nullable=False),
        sa.Column("state", NAME, nullable=False),
        sa.Column("decided_by", NAME),
        sa.Column("decided_at", Instant),
        sa.Column("reason", sa.Text),
        sa.Column("replayed_as", NAME),
    )
    key = ["tenant", "period_kind", "first_day"]
    by_state = ["state", "died_at", "run_id"]
    op.create_index("dead_letters_by_time", "dead_letters", ["died_at", "run_id"])
    op.create_index("dead_letters_by_state", "dead_letters", by_state)
    op.create_index("dead_letters_by_key", "dead_letters", [*key, *by_state])


def _make_signs() -> None:
    op.create_table(
        "notices",
        sa.Column("key", NAME, primary_key=True),
        sa.Column("kind", NAME, nullable=False),
        sa.Column("event", NAME, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("due_at", Instant, nullable=False),
        sa.Column("state", NAME, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
    )
    op.create_index("notices_by_state", "notices", ["state", "due_at", "key"])
    op.create_table(
        "executors",
        sa.Column("executor", NAME, primary_key=True),
        sa.Column("version", NAME, nullable=False),
        sa.Column("started_at", Instant, nullable=False),
        sa.Column("beaten_at", Instant, nullable=False),
        sa.Column("stopped", sa.Boolean, nullable=False),
    )


def _key_columns() -> tuple[sa.Column[object], ...]:
    return (
        sa.Column("tenant", NAME, nullable=False),
        sa.Column("period_kind", NAME, nullable=False),
        sa.Column("first_day", sa.Date, nullable=False),
    )


def _counter() -> sa.Column[int]:
    kind = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    return sa.Column("id", kind, sa.Identity(always=True), primary_key=True)
