"""How the state's questions are answered: by an index, however much there is."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import Connection, event

from aegis_batch.adapters.outbound.state.database import StateDatabase
from aegis_batch.adapters.outbound.state.state import SqlState
from aegis_batch.application.ports.job_definitions import JobFilter
from aegis_batch.application.ports.runs import RunFilter
from aegis_batch.application.ports.turn import Turn
from aegis_batch.domain.dead_letter import DeadLetterState
from aegis_batch.domain.run import JobKind, RunState
from aegis_batch.domain.run_record import TimelineEntry
from tests.integration.state_files import StateFiles, TableIntake
from tests.integration.state_records import DAY, NOON, SECOND, a_key, a_schedule

GOING_ON = frozenset({RunState.HELD, RunState.QUEUED, RunState.RUNNING, RunState.WAITING})

Deed = Callable[[Turn], object]


def plans_of(database: StateDatabase, deed: Deed) -> list[str]:
    """Return how SQLite says that it answers each question that a deed asks."""
    plans: list[str] = []

    def explain(
        connection: Connection, cursor: object, statement: str, parameters: object, *_: object
    ) -> None:
        if statement.startswith(("SELECT", "DELETE", "UPDATE")):
            driver = connection.connection.driver_connection
            assert driver is not None
            found = driver.execute(f"EXPLAIN QUERY PLAN {statement}", parameters).fetchall()
            plans.append("; ".join(row[3] for row in found))

    # The first turn looks at the schema too.
    with SqlState(database, TableIntake).turn():
        pass
    with _listening(database, explain), SqlState(database, TableIntake).turn() as turn:
        deed(turn)
    return plans


@contextmanager
def _listening(database: StateDatabase, explain: Callable[..., None]) -> Iterator[None]:
    event.listen(database.engine, "before_cursor_execute", explain)
    yield
    event.remove(database.engine, "before_cursor_execute", explain)


@pytest.mark.parametrize(
    ("deed", "index"),
    [
        (lambda turn: turn.schedules.due(NOON, 10), "schedules_by_next"),
        (lambda turn: turn.schedules.next_due_at(), "schedules_by_next"),
        (lambda turn: turn.runs.search(RunFilter(), 10), "runs_by_time"),
        (lambda turn: turn.runs.search(RunFilter(key=a_key()), 10), "runs_by_key"),
        (lambda turn: turn.runs.search(RunFilter(day=DAY), 10), "runs_by_day"),
        (lambda turn: turn.runs.search(RunFilter(schedule="s"), 10), "runs_by_schedule"),
        (lambda turn: turn.runs.search(RunFilter(parent="r"), 10), "runs_by_parent"),
        (
            lambda turn: turn.runs.search(RunFilter(states=frozenset({RunState.RUNNING})), 10),
            "runs_by_state",
        ),
        (lambda turn: turn.dead_letters.newest(None, 10), "dead_letters_by_time"),
        (lambda turn: turn.dead_letters.newest(DeadLetterState.OPEN, 10), "dead_letters_by_state"),
        (lambda turn: turn.dead_letters.open_of(a_key(), JobKind.CLOSE), "dead_letters_by_key"),
        (lambda turn: turn.notices.due(NOON, 10), "notices_by_state"),
        (lambda turn: turn.timeline.of("r"), "timeline_by_run"),
        (lambda turn: turn.runs.search(RunFilter(tenant="north"), 10), "runs_by_tenant"),
        (lambda turn: turn.runs.search(RunFilter(job=JobKind.HTTP), 10), "runs_by_job"),
        (lambda turn: turn.runs.search(RunFilter(job=JobKind.NIGHT), 10), "runs_by_job"),
        (
            lambda turn: turn.runs.search(RunFilter(job=JobKind.HTTP, tenant="north"), 10),
            "runs_by_tenant_and_job",
        ),
        (
            lambda turn: turn.runs.search(
                RunFilter(tenant="north", states=frozenset({RunState.FAILED})), 10
            ),
            "runs_by_tenant_and_state",
        ),
        (lambda turn: turn.runs.search(RunFilter(before=(NOON, "r")), 10), "runs_by_time"),
        (
            lambda turn: turn.runs.search(RunFilter(tenant="north", before=(NOON, "r")), 10),
            "runs_by_tenant",
        ),
        (lambda turn: turn.job_definitions.search(JobFilter(), 10), "job_definitions_by_time"),
        (
            lambda turn: turn.job_definitions.search(JobFilter(tenants=("north",)), 10),
            "job_definitions_by_tenant",
        ),
        (
            lambda turn: turn.job_definitions.search(JobFilter(group="g"), 10),
            "job_definitions_by_group",
        ),
        (
            lambda turn: turn.job_definitions.search(JobFilter(name="a"), 10),
            "job_definitions_by_name",
        ),
        (
            lambda turn: turn.runs.search(
                RunFilter(states=frozenset({RunState.FAILED}), timed_out=True), 10
            ),
            "runs_timed_out",
        ),
        (
            lambda turn: turn.runs.search(RunFilter(tenant="north", schedule="s"), 10),
            "runs_by_schedule",
        ),
        (
            lambda turn: turn.job_definitions.search(
                JobFilter(group="g", is_active=True, tenants=("north",)), 10
            ),
            "job_definitions_by_group",
        ),
        (
            lambda turn: turn.job_definitions.search(
                JobFilter(is_active=True, tenants=("north",)), 10
            ),
            "job_definitions_by_tenant",
        ),
        (
            lambda turn: turn.job_definitions.search(JobFilter(before=(NOON, "j")), 10),
            "job_definitions_by_time",
        ),
    ],
)
def test_a_question_is_answered_from_an_index_in_its_order(
    state_files: StateFiles, deed: Deed, index: str
) -> None:
    plans = plans_of(state_files.open(), deed)

    assert len(plans) == 1
    assert re.search(rf"\b(COVERING )?INDEX {index}\b", plans[0])
    assert "TEMP B-TREE" not in plans[0]


@pytest.mark.parametrize(
    ("deed", "index"),
    [
        (
            lambda turn: turn.runs.search(RunFilter(schedule="s", states=GOING_ON), 10),
            "runs_by_schedule_and_state",
        ),
        (lambda turn: turn.runs.search(RunFilter(states=GOING_ON), 10), "runs_by_state"),
        (
            lambda turn: turn.runs.search(RunFilter(states=GOING_ON, tenant="north"), 10),
            "runs_by_tenant_and_state",
        ),
        (
            lambda turn: turn.job_definitions.search(JobFilter(event="Baked"), 10),
            "sqlite_autoindex_job_definitions_1",
        ),
        (lambda turn: turn.occurrences.newest("s", 10), "sqlite_autoindex_occurrences_1"),
        (lambda turn: turn.occurrences.find("s", NOON), "sqlite_autoindex_occurrences_1"),
        (
            lambda turn: turn.timeline.add([TimelineEntry("r", NOON, "a", "b")]),
            "timeline_by_run",
        ),
    ],
)
def test_a_question_that_few_rows_answer_is_looked_up_in_an_index(
    state_files: StateFiles, deed: Deed, index: str
) -> None:
    plans = plans_of(state_files.open(), deed)

    assert len(plans) == 1
    used = re.findall(
        r"(?:SEARCH|SCAN) (?:runs|dead_letters|job_definitions|occurrences|timeline)\b[^;]*",
        plans[0],
    )
    by_index = re.compile(rf"SEARCH \w+ USING (COVERING )?INDEX ({index}|sqlite_autoindex_runs_1) ")
    assert index in plans[0]
    assert [each for each in used if not by_index.match(each)] == []


def test_of_a_hundred_thousand_schedules_those_due_are_found_by_an_index(
    state_files: StateFiles,
) -> None:
    database = state_files.open()
    state = SqlState(database, TableIntake)
    with state.turn() as turn:
        turn.schedules.save(a_schedule("0", NOON + SECOND))
    with database.writing() as connection:
        columns = [row[1] for row in connection.exec_driver_sql("PRAGMA table_info(schedules)")]
        taken = ", ".join(name for name in columns if name not in ("name", "retired"))
        connection.exec_driver_sql(
            "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers"
            " WHERE n < 99999)"
            f" INSERT INTO schedules (name, retired, {taken})"
            f" SELECT printf('s%06d', n), n % 10 = 0, {taken} FROM schedules, numbers"
        )
    with state.turn() as turn:
        turn.schedules.save(a_schedule("due", NOON))
        turn.schedules.save(a_schedule("due before", NOON - timedelta(days=1)))
        turn.schedules.save(a_schedule("retired", NOON, retired=True))
    with database.reading() as connection:
        count = connection.exec_driver_sql("SELECT count(*) FROM schedules")
        assert count.scalar_one() == 100_003

    steps = _steps_of(database, lambda turn: turn.schedules.due(NOON, 100))
    plans = plans_of(database, lambda turn: turn.schedules.due(NOON, 100))

    assert re.search(r"SEARCH schedules USING INDEX schedules_by_next \(retired=\? AND", plans[0])
    # A look at each of the hundred thousand would take at least as many.
    assert 0 < steps < 1_000
    with state.turn() as turn:
        due = [each.schedule.name for each in turn.schedules.due(NOON, 100)]
        assert due == ["due before", "due"]
        assert turn.schedules.next_due_at() == NOON - timedelta(days=1)


def _steps_of(database: StateDatabase, deed: Deed) -> int:
    """Return how many steps SQLite's machine takes for a deed, to the ten."""
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 10
        return 0

    def watch(connection: Connection) -> None:
        driver = connection.connection.driver_connection
        assert driver is not None
        driver.set_progress_handler(count, 10)

    event.listen(database.engine, "begin", watch)
    with SqlState(database, TableIntake).turn() as turn:
        steps = 0
        deed(turn)
    event.remove(database.engine, "begin", watch)
    with database.reading() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        driver.set_progress_handler(None, 10)
    return steps
