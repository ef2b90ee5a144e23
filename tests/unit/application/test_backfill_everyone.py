"""Backfills of all tenants: what is planned, in which shards it is done, and how it comes out."""

from collections import Counter
from collections.abc import Sequence
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aegis_batch.adapters.outbound.memory.order_reader import InMemoryOrderReader, PlacedOrder
from aegis_batch.adapters.outbound.memory.tenant_directory import InMemoryTenantDirectory
from aegis_batch.application import backfilling_everyone
from aegis_batch.application.backfill_everyone import PlannedEveryone
from aegis_batch.application.backfill_range import BackfillRequest
from aegis_batch.application.ledger import first_work_id
from aegis_batch.application.shards import ShardLimits
from aegis_batch.domain.backfill import (
    Backfill,
    BackfillState,
    Deed,
    Fate,
    PeriodStanding,
    Reprocess,
)
from aegis_batch.domain.calendar import Period, PeriodKind, Window
from aegis_batch.domain.dead_letter import DeadLetterState
from aegis_batch.domain.errors import InvalidRequest
from aegis_batch.domain.order import Order, OrderLine
from aegis_batch.domain.outcome import Outcome
from aegis_batch.domain.run import CloseKey, JobKind, RunState, Trigger
from aegis_batch.domain.run_record import RunRecord
from aegis_batch.domain.tenant import EVERYONE, Tenant
from tests.unit.application.office import (
    AWAY,
    DAY,
    FAR_ZONE,
    HOUR,
    NIGHTLY,
    NOON,
    ONE_DAY,
    REFUSED,
    ZONE,
    Office,
)

LAST = DAY - ONE_DAY
DAYS = [LAST - 2 * ONE_DAY, LAST - ONE_DAY, LAST]
FIVE = [Tenant(name) for name in "abcde"]
UNASKED, CLOSED = PeriodStanding.UNASKED, PeriodStanding.CLOSED
NOBODY = Tenant("nowhere", "Mars/Olympus")


def mall(tenants: Sequence[Tenant] = FIVE, **changes: object) -> Office:
    """Return an office for many tenants, without schedules unless it is given some."""
    return Office(**{"schedules": [], "tenant": EVERYONE, "tenants": tenants, **changes})  # type: ignore[arg-type]


def request(**changes: object) -> BackfillRequest:
    return BackfillRequest(**{"first_day": DAYS[0], "last_day": LAST, **changes})  # type: ignore[arg-type]


def plan(office: Office, **changes: object) -> PlannedEveryone:
    return office.planning.plan_everyone(request(**changes), "ana")


def start(office: Office, planned: PlannedEveryone) -> Backfill:
    return office.planning.start(planned.backfill.id, "ana").backfill


def started(office: Office, **changes: object) -> Backfill:
    return start(office, plan(office, **changes))


def now(office: Office, backfill: Backfill) -> Backfill:
    return office.backfills.progress(backfill.id).backfill


def counts(backfill: Backfill) -> tuple[BackfillState, int, int, int, int]:
    """Return how far it is: done, failed, skipped, remaining."""
    return (
        backfill.state,
        backfill.done,
        backfill.failed,
        backfill.skipped,
        backfill.remaining,
    )


def perform(office: Office, count: int) -> None:
    """Carry out so many pieces of work."""
    for _ in range(count):
        office.queue.perform(office.queue.take_due(office.clock.now())[0])
        office.queue.start(office.carrying_out.carry_out)


def works(office: Office, job: JobKind = JobKind.CLOSE) -> list[tuple[date, str]]:
    """Return the shards that were dispatched, in their order: the day, and whose it is."""
    found: dict[str, tuple[date, str]] = {}
    for run in sorted(office.runs(job), key=lambda run: run.id):
        day, tenants = found.get(run.work_id, (run.key.period.first_day, ""))
        found[run.work_id] = (day, tenants + run.key.tenant)
    return list(found.values())


def key(tenant: str, day: date) -> CloseKey:
    return CloseKey(tenant, Period(PeriodKind.DAY, day))


def enqueue(
    office: Office, tenant: str, day: date, job: JobKind = JobKind.CLOSE, in_hours: int = 0
) -> None:
    """Have others close, or derive again, a day of a tenant."""
    run_id, at = office.identifiers.new_run_id(), office.clock.now()
    with office.ledger.turn() as turn:
        turn.dispatch(
            RunRecord(
                id=run_id,
                trace_id=office.identifiers.new_trace_id(),
                job=job,
                key=key(tenant, day),
                trigger=Trigger.REPLAY,
                requested_by="eva",
                state=RunState.QUEUED,
                work_id=first_work_id(run_id),
                enqueued_at=at,
                due_at=at + in_hours * HOUR,
            )
        )


def sold(tenant: str, day: date, total: int = 4) -> PlacedOrder:
    lines = (OrderLine("Tea", Decimal(1), Decimal(total)),)
    noon = NOON + (day - DAY)
    return PlacedOrder(noon, Order(f"{tenant}{day}", Decimal(total), lines), tenant=tenant)


def broken(tenant: str, day: date) -> PlacedOrder:
    return sold(tenant, day, -1)


def place(office: Office, *orders: PlacedOrder) -> None:
    """Let these be the orders, for the process that is started now."""
    office.orders = InMemoryOrderReader(orders)
    office.restart()


def refused(office: Office, planned: PlannedEveryone) -> str:
    with pytest.raises(InvalidRequest) as caught:
        start(office, planned)
    assert caught.value.code == "plan_outdated"
    return str(caught.value.message)


def test_a_plan_says_of_each_day_how_many_tenants_stand_how_and_starts_nothing() -> None:
    office = mall([*FIVE, Tenant("far", FAR_ZONE), NOBODY, Tenant("new", closes_from=LAST)])
    enqueue(office, "a", DAYS[0])
    office.work()
    enqueue(office, "b", DAYS[0])

    planned = plan(office)

    assert [each.period.first_day for each in planned.periods] == DAYS
    first, second, last = planned.periods
    assert first.counts == {CLOSED: 1, PeriodStanding.IN_FLIGHT: 1, UNASKED: 4}
    assert first.named[CLOSED] == ["a"]
    assert (first.to_do, second.to_do, last.to_do) == (4, 6, 7)
    assert second.named[UNASKED] == ["a", "b", "c", "d", "e"]
    assert (planned.tenants, planned.zoneless) == (7, 1)
    backfill = planned.backfill
    assert (backfill.tenant, backfill.to_do, backfill.state) == ("*", 17, BackfillState.PLANNED)
    assert backfill.is_of_everyone
    assert len(office.runs()) == 2
    # The Backend is not asked: each close asks it for itself.
    assert len(office.backend.asked) == 1


def test_where_nobody_can_be_asked_what_no_run_has_closed_is_open() -> None:
    office = mall()
    office.backend.can_find = False

    assert set(plan(office).periods[0].counts) == {PeriodStanding.OPEN}


def test_all_days_of_all_tenants_are_closed_in_shards_the_older_day_first() -> None:
    office = mall([*FIVE, Tenant("x", FAR_ZONE), Tenant("y", FAR_ZONE)])
    backfill = started(office)

    office.work()

    assert works(office) == [(day, tenants) for day in DAYS for tenants in ("abc", "de", "xy")]
    assert counts(now(office, backfill)) == (BackfillState.ENDED, 21, 0, 0, 0)
    assert len(office.backend.stored) == 21
    runs = office.runs()
    assert {(run.trigger, run.requested_by, run.parent) for run in runs} == {
        (Trigger.BACKFILL, "ana", backfill.id)
    }
    assert {run.zone_name for run in runs if run.key.tenant in "xy"} == {FAR_ZONE}
    assert office.told() == ["backfill.ended"]


def test_the_newest_comes_first_where_that_is_asked_for() -> None:
    office = mall()
    started(office, newest_first=True)

    office.work()

    assert [day for day, _ in works(office)] == [day for day in DAYS[::-1] for _ in range(2)]


def test_no_more_shards_are_in_flight_than_asked_for() -> None:
    office = mall([Tenant(f"{number:02}") for number in range(20)])
    backfill = started(office, max_active=3)
    seen = []

    while due := office.queue.take_due(office.clock.now()):
        for work in due:
            going = office.runs(None, RunState.QUEUED, RunState.RUNNING)
            seen.append(len({run.work_id for run in going}))
            office.queue.perform(work)

    assert max(seen) == 3
    assert now(office, backfill).done == 60


def test_weeks_are_closed_too_and_a_tenant_has_a_part_in_the_week_of_its_first_day() -> None:
    office = mall([Tenant("a"), Tenant("b", closes_from=date(2026, 11, 11))])
    backfill = started(
        office, first_day=date(2026, 11, 2), last_day=date(2026, 11, 15), kind=PeriodKind.WEEK
    )

    office.work()

    weeks = [(key.tenant, key.period.first_day.day) for key in office.backend.stored]
    assert weeks == [("a", 2), ("a", 9), ("b", 9)]
    assert now(office, backfill).done == 3


def test_what_goes_wrong_with_one_tenant_is_that_ones_alone() -> None:
    office = mall()
    place(office, broken("b", DAYS[1]))
    backfill = started(office)

    office.work()

    assert counts(now(office, backfill)) == (BackfillState.ENDED, 14, 1, 0, 0)
    [not_done] = office.backfills.view(backfill.id).not_done
    assert (not_done.key, not_done.fate) == (key("b", DAYS[1]), Fate.FAILED)
    assert not_done.outcome is Outcome.REJECTED


def test_a_range_without_anything_to_do_ends_as_it_is_started() -> None:
    office = mall()
    started(office)
    office.work()

    again = started(office)

    assert counts(again) == (BackfillState.ENDED, 0, 0, 0, 0)
    assert again.next_day is None


def test_days_on_which_nobody_has_anything_to_do_are_passed_over() -> None:
    office = mall()
    started(office, last_day=DAYS[1])
    office.work()
    place(office, broken("c", LAST))
    backfill = started(office)

    office.work()

    assert counts(now(office, backfill)) == (BackfillState.ENDED, 4, 1, 0, 0)
    retried = plan(office, reprocess=Reprocess.FAILED)
    assert [each.to_do for each in retried.periods] == [0, 0, 1]
    assert retried.periods[2].counts == {CLOSED: 4, PeriodStanding.DEAD: 1}


def test_nobody_may_have_a_part_in_a_range() -> None:
    office = mall([Tenant("new", closes_from=DAY)])

    planned = plan(office)

    assert (planned.tenants, planned.backfill.to_do, planned.backfill.next_day) == (0, 0, None)


def test_a_shard_may_be_full_before_tenants_who_have_no_part_in_the_day() -> None:
    office = mall([Tenant("a"), Tenant("b", closes_from=LAST)], shard=ShardLimits(1))
    backfill = started(office)

    office.work()

    assert works(office) == [(DAYS[0], "a"), (DAYS[1], "a"), (LAST, "a"), (LAST, "b")]
    assert now(office, backfill).done == 4


def test_the_day_and_the_tenant_are_named_that_have_moved_since() -> None:
    office = mall()
    planned = plan(office)
    enqueue(office, "c", DAYS[1])

    message = refused(office, planned)

    assert f"{DAYS[1]} of c was open, as far as is known and is in flight." in message
    assert office.backfills.progress(planned.backfill.id).backfill == planned.backfill
    office.work()
    assert f"{DAYS[1]} of c was open, as far as is known and is closed." in refused(office, planned)


def test_tenants_who_have_come_or_gone_since_are_named() -> None:
    office = mall([*FIVE, Tenant("x", FAR_ZONE)])
    planned = plan(office)
    there = [*FIVE[1:], Tenant("ab"), Tenant("x", FAR_ZONE), Tenant("z", FAR_ZONE)]
    office.directory = InMemoryTenantDirectory(there, ZONE)
    office.restart()

    message = refused(office, planned)

    assert f"{DAYS[0]} of a was open, as far as is known and is not in it any more" in message
    assert f"{DAYS[0]} of ab was not in it and is open, as far as is known" in message
    assert f"{LAST} of z was not in it and is open, as far as is known" in message
    office.directory = InMemoryTenantDirectory(FIVE, ZONE)
    office.restart()
    assert f"{LAST} of x was open, as far as is known and is not in it any more." in refused(
        office, planned
    )


def test_the_first_that_have_moved_are_named_and_all_are_counted() -> None:
    office = mall()
    planned = plan(office)
    for tenant in FIVE:
        for day in DAYS:
            enqueue(office, tenant.id, day)

    message = refused(office, planned)

    assert message.count(" was open, as far as is known and is in flight") == 10
    assert message.endswith(", and 5 more.")


def test_a_tenant_that_comes_after_the_range_moves_nothing() -> None:
    office = mall()
    planned = plan(office)
    office.directory = InMemoryTenantDirectory([*FIVE, Tenant("new", closes_from=DAY)], ZONE)
    office.restart()

    assert start(office, planned).state is BackfillState.RUNNING


def test_it_is_started_once() -> None:
    office = mall()
    planned = plan(office)
    assert office.planning.start(planned.backfill.id, "ana").is_new

    assert not office.planning.start(planned.backfill.id, "maria").is_new
    office.work()

    assert len(office.backend.stored) == 15


def test_a_day_that_has_not_ended_in_the_zone_of_some_tenant_is_refused() -> None:
    office = mall([*FIVE, Tenant("x", FAR_ZONE)], now=NOON - 11 * HOUR)
    assert plan(office, last_day=DAY - 2 * ONE_DAY).tenants == 6
    office.clock.advance(10 * HOUR)
    late = mall([Tenant("x", FAR_ZONE)], now=NOON + HOUR)

    # In Tokyo the day is over; in São Paulo it is not.
    with pytest.raises(InvalidRequest, match="America/Sao_Paulo"):
        plan(late, last_day=DAY)


def test_a_plan_for_all_is_none_where_there_is_one_tenant_now() -> None:
    office = mall()
    planned = plan(office)
    office.directory = None
    office.restart()

    with pytest.raises(InvalidRequest) as caught:
        start(office, planned)

    assert caught.value.code == "tenancy_single"


class SeenTenants(InMemoryTenantDirectory):
    """Tenants that are known by the days on which they have orders alone."""

    def __init__(self, days: dict[str, set[date]]) -> None:
        super().__init__([Tenant(tenant) for tenant in days], ZONE)
        self._days = days

    @property
    def goes_by_orders(self) -> bool:
        """Whether tenants are known by their orders alone: they are."""
        return True

    def page(
        self, zone_name: str | None, after: str | None, limit: int, window: Window
    ) -> Sequence[Tenant]:
        """Return those that have orders in a window."""
        noons = {
            tenant: {NOON + (day - DAY) for day in days} for tenant, days in self._days.items()
        }
        here = [
            tenant
            for tenant, moments in noons.items()
            if any(window.start <= moment < window.end for moment in moments)
        ]
        seen = InMemoryTenantDirectory([Tenant(tenant) for tenant in here], ZONE)
        return seen.page(zone_name, after, limit, window)


def test_who_is_known_by_orders_alone_has_a_part_in_days_that_hold_some() -> None:
    many = {f"{number:03}": {DAYS[number % 2]} for number in range(130)}
    office = mall(shard=ShardLimits(100))
    office.directory = SeenTenants({**many, "x": {LAST, DAY}, "y": {DAY}})
    office.restart()

    planned = plan(office)
    backfill = start(office, planned)
    office.work()

    assert [each.to_do for each in planned.periods] == [65, 65, 1]
    assert planned.tenants == 131
    assert Counter(key.period.first_day for key in office.backend.stored) == {
        DAYS[0]: 65,
        DAYS[1]: 65,
        LAST: 1,
    }
    assert now(office, backfill).done == 131


def test_more_tenants_than_are_looked_at_together_are_all_done(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(backfilling_everyone, "_BATCH", 50)
    office = mall([Tenant(f"{number:03}") for number in range(101)], shard=ShardLimits(80))
    backfill = started(office)

    office.work()

    assert [(day, len(tenants) // 3) for day, tenants in works(office)] == [
        (day, count) for day in DAYS for count in (80, 21)
    ]
    assert now(office, backfill).done == 303


def test_a_range_may_hold_more_days_than_are_looked_at_together() -> None:
    office = mall(FIVE[:2])
    enqueue(office, "a", LAST - 31 * ONE_DAY)

    planned = plan(office, first_day=LAST - 32 * ONE_DAY)

    assert [each.to_do for each in planned.periods] == [2, 1, *[2] * 31]


def test_what_others_have_closed_or_have_in_hands_since_it_started_is_left_to_them() -> None:
    office = mall()
    backfill = started(office, max_active=1)
    enqueue(office, "a", LAST)
    enqueue(office, "b", LAST, in_hours=1)

    office.work()

    assert counts(now(office, backfill)) == (BackfillState.ENDED, 14, 0, 1, 0)
    assert office.backfills.view(backfill.id).not_done == ()
    assert works(office)[-1] == (LAST, "de")


def test_what_failed_for_good_since_it_started_is_left_alone() -> None:
    office = mall()
    place(office, broken("a", LAST))
    backfill = started(office, max_active=1)
    enqueue(office, "a", LAST)

    office.work()

    assert counts(now(office, backfill)) == (BackfillState.ENDED, 14, 0, 1, 0)


def test_where_all_was_settled_by_others_it_goes_on_at_the_next_look(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(backfilling_everyone, "_PAGES_A_TURN", 1)
    monkeypatch.setattr(backfilling_everyone, "_BATCH", 4)
    office = mall(shard=ShardLimits(10))
    backfill = started(office, max_active=1)
    for tenant in FIVE:
        enqueue(office, tenant.id, DAYS[1])
    office.work()
    assert now(office, backfill).state is BackfillState.RUNNING

    for _ in range(6):
        office.reconcile.reconcile()
        office.work()

    assert counts(now(office, backfill)) == (BackfillState.ENDED, 15, 0, 0, 0)
    assert len(office.backend.bodies) == 15


@pytest.mark.parametrize("newest_first", [False, True])
def test_cancelled_it_starts_no_more_and_resumed_it_does_each_once(
    newest_first: bool,  # noqa: FBT001
) -> None:
    office = mall([*FIVE, Tenant("x", FAR_ZONE), Tenant("y", FAR_ZONE)])
    backfill = started(office, newest_first=newest_first)
    perform(office, 2)
    office.queue.take_due(office.clock.now())

    cancelled = office.backfills.cancel(backfill.id, "maria", "too much")
    office.restart()
    office.work()

    assert cancelled.state is BackfillState.CANCELLED
    assert counts(now(office, backfill)) == (BackfillState.CANCELLED, 5, 0, 0, 16)
    assert office.backfills.progress(backfill.id).is_over
    assert len(office.runs(None, RunState.CANCELLED)) == 5
    office.backfills.resume(backfill.id, "maria")
    office.work()
    assert counts(now(office, backfill)) == (BackfillState.ENDED, 21, 0, 0, 0)
    done = sorted(office.runs(None, RunState.SUCCEEDED), key=lambda run: run.id)
    days = [run.key.period.first_day for run in done]
    assert days == sorted(days, reverse=newest_first)
    assert len({run.key for run in done}) == len(done) == 21


def test_an_attempt_that_is_under_way_when_it_is_cancelled_is_the_last_of_its_runs() -> None:
    office = mall()
    backfill = started(office, max_active=1)
    office.backend.away_for = {"b"}
    office.backend.meanwhile = lambda: office.backfills.cancel(backfill.id, "maria", "enough")

    office.work()

    assert counts(now(office, backfill)) == (BackfillState.CANCELLED, 2, 0, 0, 13)
    [cancelled] = office.runs(None, RunState.CANCELLED)
    assert cancelled.key == key("b", DAYS[0])
    office.backend.away_for = set()
    office.backfills.resume(backfill.id, "maria")
    office.work()
    assert counts(now(office, backfill)) == (BackfillState.ENDED, 15, 0, 0, 0)


def test_a_process_that_dies_leaves_all_to_the_next_one() -> None:
    office = mall()
    backfill = started(office)
    perform(office, 1)
    office.queue.take_due(office.clock.now())

    office.restart()
    office.work()

    assert counts(now(office, backfill)) == (BackfillState.ENDED, 15, 0, 0, 0)
    assert len(office.backend.bodies) == 15


def test_shards_that_wait_hold_up_no_others_until_ten_of_them_wait() -> None:
    office = mall([Tenant(f"{number:02}") for number in range(36)])
    backfill = started(office)
    office.backend.away = AWAY

    office.work()

    progress = office.backfills.progress(backfill.id)
    assert (progress.in_flight.active, progress.in_flight.waiting) == (0, 11)
    assert len(office.runs()) == 33
    office.backend.away = None
    office.clock.advance(HOUR)
    office.work()
    assert now(office, backfill).done == 108


def test_tonights_closes_come_before_it() -> None:
    office = mall(schedules=[NIGHTLY], close_from=None)
    office.sleep_until(NOON + 14 * HOUR)
    started(office, last_day=DAYS[1])
    office.fire()

    due = [work.lane.name for work in office.queue.due(office.clock.now())]

    assert due == ["jobs", "backfill", "backfill"]
    office.work()
    tonight = [run for run in office.runs() if run.trigger is Trigger.NIGHT]
    assert {run.key.period.first_day for run in tonight} == {DAY}


def test_what_failed_for_good_is_tried_again_in_the_place_of_its_dead_letter() -> None:
    office = mall()
    place(office, broken("b", DAYS[1]), broken("d", LAST))
    started(office)
    office.work()
    place(office)

    backfill = started(office, reprocess=Reprocess.FAILED)
    office.work()

    assert counts(now(office, backfill)) == (BackfillState.ENDED, 2, 0, 0, 0)
    letters = office.letters()
    assert {letter.state for letter in letters} == {DeadLetterState.REPLAYED}
    again = {run.replay_of for run in office.runs() if run.parent == backfill.id}
    assert again == {letter.run_id for letter in letters}


def test_what_is_closed_is_derived_again_and_a_difference_is_a_doubt_that_can_be_settled() -> None:
    office = mall()
    started(office)
    office.work()
    office.queue.take_due(office.clock.now())
    enqueue(office, "e", LAST, JobKind.REBUILD, in_hours=1)
    place(office, sold("b", DAYS[1]))

    backfill = started(office, reprocess=Reprocess.ALL)
    office.work()

    assert works(office, JobKind.REBUILD)[1:] == [
        *((day, tenants) for day in DAYS[:2] for tenants in ("abc", "de")),
        (LAST, "abc"),
        (LAST, "d"),
    ]
    assert counts(now(office, backfill)) == (BackfillState.ENDED, 13, 1, 0, 0)
    [letter] = office.letters()
    assert letter.problem.code == "conflict"
    planned = plan(office, reprocess=Reprocess.FAILED)
    assert planned.periods[1].counts == {CLOSED: 4, PeriodStanding.DOUBTED: 1}

    # Cancelled before it came to an end, the day is in doubt again; resumed, it is settled.
    backfill = start(office, planned)
    office.backfills.cancel(backfill.id, "maria", "not now")
    assert office.letters()[0].state is DeadLetterState.OPEN
    place(office)
    office.backfills.resume(backfill.id, "maria")
    office.work()
    assert counts(now(office, backfill)) == (BackfillState.ENDED, 1, 0, 0, 0)
    assert office.letters()[0].state is DeadLetterState.REPLAYED


def test_what_was_to_be_derived_again_is_so_after_it_was_cancelled() -> None:
    office = mall()
    started(office)
    office.work()
    backfill = started(office, reprocess=Reprocess.ALL)
    office.backfills.cancel(backfill.id, "maria", "not now")

    office.backfills.resume(backfill.id, "maria")
    office.work()

    assert counts(now(office, backfill)) == (BackfillState.ENDED, 15, 0, 0, 0)
    assert len(office.runs(JobKind.REBUILD, RunState.SUCCEEDED)) == 15


def test_refused_for_all_each_is_named() -> None:
    office = mall(FIVE[:2])
    backfill = started(office)
    office.backend.away = REFUSED

    office.work()

    view = office.backfills.view(backfill.id)
    assert view.backfill.failed == 6
    assert {each.outcome for each in view.not_done} == {Outcome.REFUSED}
    assert [each.deed for each in view.periods] == [Deed.CLOSE] * 3


@settings(deadline=None, max_examples=30)
@given(st.lists(st.sampled_from(["perform", "die", "cancel", "resume", "away", "back", "wait"])))
def test_whatever_happens_each_tenants_day_is_done_once(deeds: list[str]) -> None:
    office = mall([*FIVE, Tenant("x", FAR_ZONE)])
    place(office, broken("b", DAYS[1]))
    backfill = started(office)
    for deed in deeds:
        if deed == "perform" and office.queue.due(office.clock.now()):
            perform(office, 1)
        elif deed == "die":
            office.queue.take_due(office.clock.now())
            office.restart()
        elif deed == "cancel" and now(office, backfill).state is not BackfillState.ENDED:
            office.backfills.cancel(backfill.id, "maria", "no")
        elif deed == "resume" and now(office, backfill).state is not BackfillState.ENDED:
            office.backfills.resume(backfill.id, "maria")
        elif deed in {"away", "back"}:
            office.backend.away = AWAY if deed == "away" else None
        elif deed == "wait":
            office.clock.advance(HOUR)
    office.backend.away = None
    if now(office, backfill).state is BackfillState.CANCELLED:
        office.backfills.resume(backfill.id, "maria")
    for _ in range(4):
        office.work()
        office.clock.advance(HOUR)

    assert counts(now(office, backfill)) == (BackfillState.ENDED, 17, 1, 0, 0)
    done = Counter(run.key for run in office.runs(None, RunState.SUCCEEDED, RunState.FAILED))
    assert len(done) == 18
    assert set(done.values()) == {1}
    assert len(office.backend.bodies) == 17
