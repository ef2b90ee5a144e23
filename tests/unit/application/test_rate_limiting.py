"""Waiting for permits: over several processes, however slow their turns are."""

from datetime import timedelta

import pytest

from aegis_batch.adapters.outbound.memory.pauses import InMemoryPauses
from aegis_batch.application.executor_lease import ExecutorLease
from aegis_batch.application.guarded_gateway import GuardedReportGateway
from aegis_batch.application.rate_limiting import RateLimiting
from aegis_batch.domain.errors import BackendRefused, BackendResting, LeaseLost
from aegis_batch.domain.job_events import JobRetried
from aegis_batch.domain.rate_limit import RateLimit
from aegis_batch.domain.run import JobKind, RunState
from tests.unit.application.fleet import NOON, Fleet
from tests.unit.application.office import DAY, MINUTE, ONE_DAY, Office
from tests.unit.application.shop import REPORT, RUN

TEN_A_MINUTE, FAST, ONE_A_MINUTE = map(RateLimit.parse, ("10/60s", "100/1s", "1/60s"))
SECOND = timedelta(seconds=1)


@pytest.fixture
def fleet() -> Fleet:
    return Fleet()


def a_process(
    fleet: Fleet, limit: RateLimit | None, tenant_limit: RateLimit | None = None
) -> RateLimiting:
    return RateLimiting(fleet.ledger, fleet.clock, InMemoryPauses(fleet.clock), limit, tenant_limit)


def passed(fleet: Fleet) -> timedelta:
    return fleet.clock.now() - NOON


def test_the_first_goes_at_once_and_each_other_at_its_time(fleet: Fleet) -> None:
    processes = [a_process(fleet, TEN_A_MINUTE), a_process(fleet, TEN_A_MINUTE)]
    at = []
    for place in range(8):
        assert processes[place % 2].wait("north") is None
        at.append(passed(fleet))

    for place, each in enumerate(at):
        assert place * TEN_A_MINUTE.interval <= each
        assert each < place * TEN_A_MINUTE.interval + TEN_A_MINUTE.grace


def test_a_handful_is_reserved_in_one_turn(fleet: Fleet) -> None:
    process = a_process(fleet, FAST)
    turns = []

    for _ in range(150):
        assert process.wait("north") is None
        turns.append(len(process._ready))  # noqa: SLF001 - what is left of the handful

    assert turns.count(FAST.batch_permits - 1) == 150 // FAST.batch_permits
    assert passed(fleet) >= 149 * FAST.interval


def test_a_permit_that_is_too_old_is_forfeit(fleet: Fleet) -> None:
    process = a_process(fleet, FAST)
    process.wait("north")
    fleet.clock.advance(MINUTE)

    assert process.wait("north") is None

    assert passed(fleet) == MINUTE
    assert len(process._ready) == FAST.batch_permits - 1  # noqa: SLF001 - all of it is new


def test_one_that_waits_for_its_own_limit_holds_no_other_up(fleet: Fleet) -> None:
    process = a_process(fleet, FAST, TEN_A_MINUTE)
    for tenant in ("north", "south", "east"):
        assert process.wait(tenant) is None
    assert passed(fleet) < SECOND

    assert process.wait("north") is None
    assert TEN_A_MINUTE.interval <= passed(fleet)


def test_a_limit_of_tenants_alone_needs_no_other(fleet: Fleet) -> None:
    process = a_process(fleet, None, TEN_A_MINUTE)

    assert [process.wait(tenant) for tenant in ("north", "south", "north")] == [None] * 3
    assert TEN_A_MINUTE.interval <= passed(fleet) < TEN_A_MINUTE.interval + SECOND


def test_whoever_would_wait_for_more_than_a_minute_is_told_when(fleet: Fleet) -> None:
    processes = [a_process(fleet, ONE_A_MINUTE) for _ in range(2)]
    assert processes[0].wait("north") is None

    assert processes[1].wait("north") == NOON + ONE_A_MINUTE.interval
    assert passed(fleet) == timedelta()


def test_a_turn_that_takes_longer_than_a_permit_is_good_gets_none(fleet: Fleet) -> None:
    process = a_process(fleet, FAST)
    turn = fleet.ledger.turn

    def slow() -> object:
        fleet.clock.advance(SECOND / 10)
        return turn()

    fleet.ledger.turn = slow  # type: ignore[method-assign,assignment]

    later = process.wait("north")

    assert later is not None
    assert later == fleet.clock.now() + SECOND


# What becomes of runs


def an_office(limit: RateLimit | None, lease: ExecutorLease | None = None) -> Office:
    office = Office(close_from=DAY)
    limiting = None
    if limit is not None:
        limiting = RateLimiting(
            office.ledger, office.clock, InMemoryPauses(office.clock), limit, None
        )
    office.guard = lambda reports: GuardedReportGateway(reports, lease, limiting)
    office.restart()
    return office


def test_what_would_wait_too_long_makes_the_same_attempt_when_its_time_comes() -> None:
    office = an_office(ONE_A_MINUTE)
    runs = [office.enqueue_close(DAY - place * ONE_DAY) for place in range(1, 5)]
    for work in office.queue.take_due(office.clock.now()):
        office.queue.perform(work)

    assert len(office.closed_days()) == 1
    waiting = office.runs(JobKind.CLOSE, RunState.QUEUED)
    assert len(waiting) == 3
    assert {each.code for each in office.events(JobRetried) if isinstance(each, JobRetried)} == {
        "rate_limited"
    }
    office.live_until(office.clock.now() + 8 * MINUTE)
    assert [office.run(each).state for each in runs] == [RunState.SUCCEEDED] * 4
    assert [office.run(each).attempt for each in runs] == [1] * 4
    assert office.letters() == []


def test_who_gave_no_sign_of_life_for_too_long_hands_nothing_over() -> None:
    fleet = Fleet()
    lease = ExecutorLease(fleet.clock, 30)
    office = an_office(None, lease)
    gateway = office.guard(office.backend)
    with pytest.raises(LeaseLost) as lost:
        gateway.submit(RUN, REPORT)
    assert lost.value.code == "lease_lost"
    with pytest.raises(LeaseLost):
        gateway.replace(RUN, REPORT)
    assert office.closed_days() == []
    # To ask changes nothing.
    assert gateway.find(RUN) is None

    lease.renew(fleet.clock.monotonic_seconds())
    gateway.submit(RUN, REPORT)
    assert len(office.closed_days()) == 1
    with pytest.raises(BackendRefused):
        # Which is for whoever takes the reports to say.
        gateway.replace(RUN, REPORT)
    assert (gateway.can_find, gateway.can_replace) == (True, False)
    assert gateway.identity == office.backend.identity


def test_a_run_whose_lease_was_lost_is_tried_again() -> None:
    fleet = Fleet()
    lease = ExecutorLease(fleet.clock, 30)
    office = an_office(None, lease)
    run_id = office.enqueue_close(DAY - ONE_DAY)
    office.work()
    record = office.run(run_id)
    assert record.state is RunState.WAITING
    assert record.problem is not None
    assert record.problem.code == "lease_lost"

    lease.renew(fleet.clock.monotonic_seconds())
    office.live_until(office.clock.now() + 2 * MINUTE)
    assert office.run(run_id).state is RunState.SUCCEEDED


def test_a_permit_that_is_too_far_away_is_an_error_of_its_own() -> None:
    office = an_office(ONE_A_MINUTE)
    gateway = office.guard(office.backend)
    gateway.submit(RUN, REPORT)

    with pytest.raises(BackendResting) as resting:
        gateway.submit(RUN, REPORT)

    assert resting.value.code == "rate_limited"
    assert resting.value.not_before == office.clock.now() + ONE_A_MINUTE.interval
