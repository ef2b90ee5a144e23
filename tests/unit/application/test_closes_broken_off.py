"""Closes that were broken off between handing a report over and the ledger: they are sealed."""

from decimal import Decimal

import pytest

from aegis_batch.adapters.outbound.memory.order_reader import PlacedOrder
from aegis_batch.application.shards import ShardLimits
from aegis_batch.domain.order import Order, OrderLine
from aegis_batch.domain.outcome import Outcome
from aegis_batch.domain.run import JobKind, RunState
from aegis_batch.domain.seal_link import SealLink
from aegis_batch.domain.tenant import EVERYONE, Tenant
from tests.unit.application.office import (
    AWAY,
    DAY,
    HOUR,
    MINUTE,
    NIGHTLY,
    NOON,
    ONE_DAY,
    Office,
    key_of,
)

NIGHT = NOON + 14 * HOUR
LATE = PlacedOrder(NOON, Order("9", Decimal(3), (OrderLine("Tea", Decimal(1), Decimal(3)),)))


class KilledError(BaseException):
    """The process was killed just here."""


def kill() -> None:
    raise KilledError


def is_killed_once_it_has_sent(office: Office, count: int = 1) -> None:
    """Let the process die when so many reports are taken, before the ledger knows of the last."""

    def after_this(taken: int) -> None:
        if taken == count - 1:
            office.meter.meanwhile = kill

    office.backend.on_submit = after_this
    with pytest.raises(KilledError):
        office.work()
    office.backend.on_submit = None
    assert len(office.backend.bodies) == count


def links_of(office: Office, tenant: str = "default") -> list[SealLink]:
    with office.state.turn() as turn:
        return [SealLink.of(link.content) for link in turn.seals.after(tenant, 0, 999)]


def sealed(office: Office) -> list[tuple[str, Outcome]]:
    return [(link.run_id, link.outcome) for link in links_of(office)]


def killed() -> tuple[Office, str]:
    """Return an office whose close was killed when its report was taken, and the run's id."""
    office = Office([NIGHTLY])
    office.sleep_until(NIGHT)
    run_id = office.enqueue_close(DAY)
    is_killed_once_it_has_sent(office)
    assert (office.run(run_id).state, links_of(office)) == (RunState.RUNNING, [])
    return office, run_id


def test_a_close_that_is_begun_again_seals_what_it_has_sent_before() -> None:
    office, run_id = killed()

    office.restart()
    office.work()

    run = office.run(run_id)
    assert (run.state, run.outcome, run.attempt) == (
        RunState.SUCCEEDED,
        Outcome.ALREADY_CLOSED,
        1,
    )
    assert sealed(office) == [(run_id, Outcome.ALREADY_CLOSED)]
    assert {link.sealed.body.encode() for link in links_of(office)} == set(office.backend.bodies)


def test_a_close_that_is_begun_again_finds_orders_that_came_meanwhile() -> None:
    office, run_id = killed()
    office.orders.orders = [LATE]

    office.restart()
    office.work()

    assert office.run(run_id).outcome is Outcome.CONFLICT
    assert links_of(office) == []


def test_a_second_attempt_seals_what_the_first_may_have_sent() -> None:
    office = Office([NIGHTLY])
    office.sleep_until(NIGHT)
    run_id = office.enqueue_close(DAY)
    office.backend.away = AWAY
    office.work()
    office.backend.away = None
    office.close_elsewhere(DAY)

    office.clock.advance(MINUTE)
    office.work()

    assert (office.run(run_id).attempt, sealed(office)) == (
        2,
        [(run_id, Outcome.ALREADY_CLOSED)],
    )


def test_each_close_of_a_shard_that_is_begun_again_is_sealed_once() -> None:
    tenants = [Tenant(name) for name in "abc"]
    office = Office(
        [NIGHTLY], tenant=EVERYONE, tenants=tenants, close_from=None, shard=ShardLimits(3)
    )
    office.sleep_until(NIGHT)
    office.fire()
    for work in office.queue.take_due(NIGHT):
        office.queue.perform(work)
    is_killed_once_it_has_sent(office, count=2)

    office.restart()
    office.work()

    runs = {run.key.tenant: run for run in office.runs(JobKind.CLOSE)}
    links = {name: links_of(office, name) for name in "abc"}
    assert {name: [link.run_id for link in links[name]] for name in "abc"} == {
        name: [runs[name].id] for name in "abc"
    }
    outcomes = sorted(link.outcome for each in links.values() for link in each)
    assert outcomes == [Outcome.ALREADY_CLOSED, Outcome.ALREADY_CLOSED, Outcome.CREATED]


@pytest.mark.parametrize("outcome", [None, Outcome.UNAVAILABLE, Outcome.DEFECT])
def test_another_run_seals_what_one_may_have_sent_that_never_learned_of_it(
    outcome: Outcome | None,
) -> None:
    office, run_id = killed()
    broken_off = office.run(run_id).moved(RunState.CANCELLED, outcome=outcome)
    with office.state.turn() as turn:
        turn.runs.save(broken_off)

    by_hand = office.close_by_hand(DAY)

    assert by_hand.outcome is Outcome.ALREADY_CLOSED
    assert sealed(office) == [(by_hand.run.id, Outcome.ALREADY_CLOSED)]


@pytest.mark.parametrize("outcome", [Outcome.CONFLICT, Outcome.REJECTED])
def test_a_run_that_knew_that_it_sent_nothing_makes_no_report_its_own(outcome: Outcome) -> None:
    office, run_id = killed()
    knowing = office.run(run_id).moved(RunState.FAILED, outcome=outcome)
    with office.state.turn() as turn:
        turn.runs.save(knowing)

    assert office.close_by_hand(DAY).outcome is Outcome.ALREADY_CLOSED
    assert sealed(office) == []


def test_what_a_first_attempt_finds_is_neither_read_nor_sealed() -> None:
    office = Office([NIGHTLY])
    office.sleep_until(NIGHT)
    office.close_elsewhere(DAY)
    office.orders.orders = [LATE]
    run_id = office.enqueue_close(DAY)
    # A run that never began, of another day's, and one that found the report before.
    office.enqueue_close(DAY - ONE_DAY)
    office.close_by_hand(DAY)

    office.work()

    assert office.run(run_id).outcome is Outcome.ALREADY_CLOSED
    assert [link.key for link in links_of(office)] == [key_of(DAY - ONE_DAY)]
