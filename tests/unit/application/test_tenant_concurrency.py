"""How many periods of one tenant are closed at a time, over all processes."""

from dataclasses import replace
from datetime import timedelta

from aegis_batch.application.ledger import first_work_id
from aegis_batch.application.ports.executors import Executor
from aegis_batch.application.taking import Taking
from aegis_batch.domain.calendar import Period, PeriodKind
from aegis_batch.domain.job_events import JobRetried
from aegis_batch.domain.run import CloseKey, JobKind, RunState
from aegis_batch.domain.run_record import RunRecord
from tests.unit.application.office import DAY, NOON, ONE_DAY, Office

OTHER = "machine-2"
SECOND = timedelta(seconds=1)


def an_office() -> tuple[Office, Taking]:
    """Return an office that closes one period of a tenant at a time, and another process."""
    office = Office(close_from=DAY)
    office.tenant_concurrency = 1
    office.restart()
    with office.state.turn() as turn:
        turn.executors.register(
            Executor(
                name=OTHER,
                role="worker",
                version="1.2.3",
                started_at=NOON,
                beaten_at=NOON,
                lease_seconds=30.0,
            ),
            renews=True,
        )
    return office, Taking(office.ledger, OTHER, tenant_concurrency=1)


def work_of(office: Office, run_id: str) -> str:
    return office.run(run_id).work_id


def test_what_a_tenant_has_no_room_for_waits_and_uses_up_no_try() -> None:
    office, other = an_office()
    first, second = (office.enqueue_close(DAY - place * ONE_DAY) for place in (1, 2))
    assert len(other.take(work_of(office, first))) == 1

    office.queue.take_due(office.clock.now())
    assert office.taking.take(work_of(office, second)) == []

    record = office.run(second)
    assert (record.state, record.attempt) == (RunState.QUEUED, 0)
    assert record.due_at == office.clock.now() + 30 * SECOND
    assert [each.code for each in office.events(JobRetried) if isinstance(each, JobRetried)] == [
        "tenant_busy"
    ]
    other.hand_back([work_of(office, first)])
    assert len(office.taking.take(work_of(office, second))) == 1


def test_each_tenant_of_a_shard_has_room_of_its_own() -> None:
    office, taking = an_office()
    now = office.clock.now()
    day, before = (Period(PeriodKind.DAY, DAY - place * ONE_DAY) for place in (1, 2))
    keys = [CloseKey("north", day), CloseKey("northern", day), CloseKey("north", before)]
    pattern = _pattern(office)
    with office.ledger.turn() as turn:
        turn.dispatch_together(
            [
                replace(pattern, id=f"r{place}", key=key, due_at=now)
                for place, key in enumerate(keys)
            ]
        )

    taken = taking.take(first_work_id("shard"))

    assert [record.id for record in taken] == ["r0", "r1"]
    assert office.run("r2").work_id == "shard#1@1"


def test_what_was_begun_goes_on_and_other_jobs_need_no_room() -> None:
    office, taking = an_office()
    first = office.enqueue_close(DAY - ONE_DAY)
    work_id = work_of(office, first)
    assert len(taking.take(work_id)) == 1

    # Handed out again, as after a crash.
    assert len(taking.take(work_id)) == 1
    night = office.enqueue_close(DAY - ONE_DAY, JobKind.NIGHT)
    assert len(office.taking.take(work_of(office, night))) == 1


def _pattern(office: Office) -> RunRecord:
    run_id = office.enqueue_close(DAY - 3 * ONE_DAY)
    return replace(office.run(run_id), work_id=first_work_id("shard"))
