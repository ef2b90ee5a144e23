"""Backfills at work: the plan is what is done, in its order, a few at a time, each once."""

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aegis_batch.adapters.outbound.memory.order_reader import InMemoryOrderReader, PlacedOrder
from aegis_batch.application.backfill_planning import Planned
from aegis_batch.application.backfill_range import BackfillRequest
from aegis_batch.domain.backfill import (
    Backfill,
    BackfillState,
    Deed,
    Fate,
    PeriodStanding,
    Reprocess,
)
from aegis_batch.domain.calendar import PeriodKind
from aegis_batch.domain.dead_letter import DeadLetterState
from aegis_batch.domain.job_events import BackfillEnded
from aegis_batch.domain.notice import NoticeKind
from aegis_batch.domain.order import Order, OrderLine
from aegis_batch.domain.outcome import Outcome
from aegis_batch.domain.run import JobKind, RunState, Trigger
from aegis_batch.domain.run_record import RunRecord
from tests.unit.application.office import (
    AWAY,
    DAY,
    HOUR,
    MINUTE,
    NIGHTLY,
    NOON,
    ONE_DAY,
    REFUSED,
    Office,
    key_of,
)

LAST = DAY - 10 * ONE_DAY
ACTIVE = (RunState.QUEUED, RunState.RUNNING)
OPEN, CLOSED = PeriodStanding.OPEN, PeriodStanding.CLOSED
IN_FLIGHT, DEAD = PeriodStanding.IN_FLIGHT, PeriodStanding.DEAD
DOUBTED = PeriodStanding.DOUBTED
ZONE = ZoneInfo("America/Sao_Paulo")


def days(count: int) -> list[date]:
    """Return so many days in a row, long before the nights' own."""
    return [LAST - (count - 1 - place) * ONE_DAY for place in range(count)]


def planned_over(office: Office, count: int, **changes: object) -> Planned:
    first = days(count)[0]
    request = BackfillRequest(first_day=first, last_day=LAST, **changes)  # type: ignore[arg-type]
    return office.planning.plan(request, "ana")


def started_over(office: Office, count: int, **changes: object) -> Backfill:
    planned = planned_over(office, count, **changes)
    return office.planning.start(planned.backfill.id, "ana").backfill


def of_backfill(office: Office, backfill: Backfill) -> list[RunRecord]:
    return [run for run in office.runs() if run.parent == backfill.id]


def now(office: Office, backfill: Backfill) -> Backfill:
    return office.backfills.progress(backfill.id).backfill


def an_order(day: date, total: int) -> PlacedOrder:
    noon = datetime.combine(day, time(12), ZONE)
    line = OrderLine("Tea", Decimal(1), Decimal(total))
    return PlacedOrder(noon, Order(f"{day:%Y%m%d}", Decimal(total), (line,)))


def orders_of(office: Office, *placed: PlacedOrder) -> None:
    """Let these be the orders, for the process that is started now."""
    office.orders = InMemoryOrderReader(placed)
    office.restart()


def test_all_open_days_are_closed_oldest_first() -> None:
    office = Office([])
    backfill = started_over(office, 5)

    office.work()

    assert office.closed_days() == days(5)
    ended = now(office, backfill)
    assert (ended.state, ended.done, ended.failed, ended.remaining) == (
        BackfillState.ENDED,
        5,
        0,
        0,
    )
    assert ended.ended_at == office.clock.now()
    runs = of_backfill(office, backfill)
    assert {(run.trigger, run.requested_by) for run in runs} == {(Trigger.BACKFILL, "ana")}


def test_the_newest_comes_first_where_that_is_asked_for() -> None:
    office = Office([])
    started_over(office, 5, newest_first=True, max_active=3)

    office.work()

    assert office.closed_days() == days(5)[::-1]


def test_weeks_and_months_are_filled_as_well() -> None:
    for kind, count in ((PeriodKind.WEEK, 5), (PeriodKind.MONTH, 2)):
        office = Office([])
        request = BackfillRequest(
            first_day=date(2026, 9, 28), last_day=date(2026, 10, 31), kind=kind
        )
        planned = office.planning.plan(request, "ana")
        office.planning.start(planned.backfill.id, "ana")

        office.work()

        assert len(office.backend.stored) == count
        assert {key.period.kind for key in office.backend.stored} == {kind}
        assert now(office, planned.backfill).done == count


@pytest.mark.parametrize("max_active", [1, 2, 5])
def test_there_are_never_more_runs_in_flight_than_asked_for(max_active: int) -> None:
    office = Office([])
    backfill = started_over(office, 12, max_active=max_active)
    seen: list[int] = []

    while due := office.queue.take_due(office.clock.now()):
        for work in due:
            seen.append(len(office.runs(None, *ACTIVE, RunState.WAITING)))
            office.queue.perform(work)

    assert max(seen) == max_active
    assert now(office, backfill).done == 12


def test_a_long_range_queues_but_a_few_runs() -> None:
    office = Office([])
    backfill = started_over(office, 3_660)

    assert len(office.runs()) == 2
    assert backfill.to_do == 3_660


def test_days_that_are_tried_again_do_not_hold_up_the_others() -> None:
    office = Office([])
    backfill = started_over(office, 30, max_active=2)
    bad = set(days(30)[:8])
    office.backend.mute_on = bad

    office.work()

    assert office.closed_days() == days(30)[8:]
    assert len(office.runs(None, RunState.WAITING)) == 8
    assert now(office, backfill).state is BackfillState.RUNNING
    office.backend.mute_on = set()
    office.live_until(NOON + HOUR)
    assert now(office, backfill).state is BackfillState.ENDED
    assert len(office.closed_days()) == 30


def test_where_the_backend_is_away_it_does_not_go_through_the_whole_range() -> None:
    office = Office([])
    backfill = started_over(office, 100)
    office.backend.away = AWAY

    office.live_until(NOON + 3 * ONE_DAY)

    assert 10 <= len(of_backfill(office, backfill)) <= 12
    assert now(office, backfill).remaining == 100
    office.backend.away = None
    office.live_until(NOON + 3 * ONE_DAY + HOUR)
    assert now(office, backfill).done == 100


def test_a_day_that_fails_for_good_is_a_dead_letter_and_the_others_go_on() -> None:
    office = Office([])
    orders_of(office, an_order(days(5)[1], -1))
    backfill = started_over(office, 5)

    office.work()

    ended = now(office, backfill)
    assert (ended.state, ended.done, ended.failed) == (BackfillState.ENDED, 4, 1)
    [letter] = office.letters()
    [not_done] = office.backfills.view(backfill.id).not_done
    assert not_done.key.period.first_day == days(5)[1]
    assert not_done.run_id == letter.run_id
    assert not_done.outcome is Outcome.REJECTED
    assert not_done.problem == letter.problem


def test_what_failed_is_tried_again_where_that_is_asked_for_and_the_audit_says_so() -> None:
    office = Office([])
    orders_of(office, an_order(days(5)[1], -1))
    office.enqueue_close(days(5)[1])
    office.work()
    [letter] = office.letters()
    orders_of(office)
    assert planned_over(office, 5).backfill.to_do == 4

    backfill = started_over(office, 5, reprocess=Reprocess.FAILED)
    office.work()

    assert now(office, backfill).done == 5
    [decided] = office.letters()
    assert decided.state is DeadLetterState.REPLAYED
    run = office.run(decided.replayed_as or "")
    assert (run.parent, run.replay_of, run.trigger) == (
        backfill.id,
        letter.run_id,
        Trigger.BACKFILL,
    )
    entry = office.history.audit(1)[0]
    assert (entry.action, entry.subject) == ("dead_letter.replay", letter.run_id)
    assert (entry.operator, entry.reason) == ("ana", f"backfill {backfill.id}")


def test_a_closed_day_is_derived_again_and_another_report_is_a_conflict() -> None:
    office = Office([])
    orders_of(office, an_order(days(2)[0], 5), an_order(days(2)[1], 7))
    started_over(office, 2)
    office.work()
    stored = dict(office.backend.stored)
    orders_of(office, an_order(days(2)[0], 5), an_order(days(2)[1], 8))

    backfill = started_over(office, 2, reprocess=Reprocess.ALL)
    office.work()

    ended = now(office, backfill)
    assert (ended.done, ended.failed) == (1, 1)
    assert {run.job for run in of_backfill(office, backfill)} == {JobKind.REBUILD}
    [letter] = office.letters()
    assert (letter.job, letter.outcome) == (JobKind.REBUILD, Outcome.CONFLICT)
    assert letter.key == key_of(days(2)[1])
    assert office.backend.stored == stored


def test_what_others_have_done_since_is_passed_over() -> None:
    office = Office([])
    one, in_between, other = days(3)
    backfill = started_over(office, 3, max_active=1)
    office.close_by_hand(other)
    office.enqueue_close(in_between)

    [work] = [
        w for w in office.queue.take_due(NOON) if w.run_id == of_backfill(office, backfill)[0].id
    ]
    office.queue.perform(work)

    # The one in between is in the hands of another run; the last one is closed.
    progress = office.backfills.progress(backfill.id)
    assert (progress.backfill.done, progress.backfill.skipped) == (2, 1)
    assert [run.key.period.first_day for run in of_backfill(office, backfill)] == [one]


def test_a_day_that_the_ledger_has_closed_since_counts_as_done() -> None:
    office = Office([])
    backfill = started_over(office, 2, max_active=1)
    [run] = of_backfill(office, backfill)
    office.enqueue_close(days(2)[1])

    for work in sorted(office.queue.take_due(NOON), key=lambda work: work.run_id == run.id):
        office.queue.perform(work)

    ended = now(office, backfill)
    assert (ended.state, ended.done, ended.skipped) == (BackfillState.ENDED, 2, 0)
    assert of_backfill(office, backfill) == [office.run(run.id)]


def test_a_day_that_has_failed_since_is_left_to_those_who_decide() -> None:
    office = Office([])
    first, second = days(2)
    orders_of(office, an_order(second, -1))
    backfill = started_over(office, 2, max_active=1)
    run = of_backfill(office, backfill)[0]
    office.enqueue_close(second)
    for work in sorted(office.queue.take_due(NOON), key=lambda work: work.run_id == run.id):
        office.queue.perform(work)

    ended = now(office, backfill)
    assert (ended.state, ended.done, ended.skipped) == (BackfillState.ENDED, 1, 1)
    [not_done] = office.backfills.view(backfill.id).not_done
    assert (not_done.fate, not_done.problem) == (Fate.SKIPPED, None)
    assert first in office.closed_days()


def test_its_end_is_told_once() -> None:
    office = Office([], kinds=[NoticeKind.MESSAGE])
    orders_of(office, an_order(days(3)[0], -1))
    backfill = started_over(office, 3)

    office.work()

    [notice] = [n for n in office.notices() if n.event == "backfill.ended"]
    assert "2 done, 1 failed, 0 left to others" in notice.text
    assert backfill.id in notice.text
    [event] = office.events(BackfillEnded)
    assert isinstance(event, BackfillEnded)
    assert (event.backfill_id, event.done, event.failed) == (backfill.id, 2, 1)


def test_a_night_is_complete_while_a_backfill_goes_on() -> None:
    office = Office([NIGHTLY], close_from=DAY)
    backfill = started_over(office, 3)
    office.backend.mute_on = set(days(3))

    office.live_until(NOON + 14 * HOUR)

    assert DAY in office.closed_days()
    assert now(office, backfill).state is BackfillState.RUNNING
    assert "night.complete" in office.told()


def test_a_night_waits_for_the_backfill_that_is_at_one_of_its_own_days() -> None:
    office = Office([NIGHTLY], close_from=DAY, now=NOON + ONE_DAY)
    office.backend.away = AWAY
    request = BackfillRequest(first_day=DAY, last_day=DAY)
    planned = office.planning.plan(request, "ana")
    office.planning.start(planned.backfill.id, "ana")

    office.live_until(NOON + ONE_DAY + 14 * HOUR)
    assert "night.complete" not in office.told()
    office.backend.away = None
    office.live_until(NOON + ONE_DAY + 15 * HOUR)

    assert "night.complete" in office.told()
    assert len(office.backend.stored) == 2


def test_the_run_of_a_backfill_that_nobody_knows_ends_all_the_same() -> None:
    office = Office([])
    run_id = office.enqueue_close(days(1)[0])
    with office.state.turn() as turn:
        record = turn.runs.get(run_id)
        assert record is not None
        turn.runs.save(
            RunRecord(
                **{
                    **{name: getattr(record, name) for name in RunRecord.__slots__},
                    "trigger": Trigger.BACKFILL,
                    "parent": "forgotten",
                }
            )
        )

    office.work()

    assert office.run(run_id).state is RunState.SUCCEEDED


OF_DOUBTED = {
    Reprocess.NONE: Deed.LEAVE,
    Reprocess.FAILED: Deed.REPLAY,
    Reprocess.ALL: Deed.REBUILD,
}
KINDS = st.sampled_from(
    [
        "open",
        "closed",
        "by_hand",
        "by_backend",
        "in_flight",
        "dead",
        "doubted",
        "doubted_by_hand",
        "doubted_by_backend",
        "rebuilding",
    ]
)


def _made(office: Office, kinds: list[str]) -> list[str]:
    """Make days stand so; return the runs that are in flight."""
    of_kind = list(zip(days(len(kinds)), kinds, strict=True))
    orders_of(office, *(an_order(day, -1) for day, kind in of_kind if kind == "dead"))
    for day, kind in of_kind:
        if kind in ("by_hand", "doubted_by_hand"):
            office.close_by_hand(day)
        elif kind in ("by_backend", "doubted_by_backend"):
            office.close_elsewhere(day)
        elif kind in ("closed", "dead", "doubted", "rebuilding"):
            office.enqueue_close(day)
    office.work()
    orders_of(office, *(an_order(day, 5) for day, kind in of_kind if kind.startswith("doubted")))
    for day, kind in of_kind:
        if kind.startswith("doubted"):
            office.enqueue_close(day, JobKind.REBUILD)
    office.work()
    orders_of(office)
    jobs = {"in_flight": JobKind.CLOSE, "rebuilding": JobKind.REBUILD}
    return [office.enqueue_close(day, jobs[kind]) for day, kind in of_kind if kind in jobs]


@settings(max_examples=60, deadline=None)
@given(
    kinds=st.lists(KINDS, min_size=1, max_size=12),
    reprocess=st.sampled_from(Reprocess),
    newest_first=st.booleans(),
    max_active=st.integers(1, 4),
)
def test_what_is_done_is_what_was_planned_in_its_order_and_each_once(
    kinds: list[str],
    reprocess: Reprocess,
    newest_first: bool,  # noqa: FBT001
    max_active: int,
) -> None:
    office = Office([])
    in_flight = _made(office, kinds)
    planned = planned_over(
        office, len(kinds), reprocess=reprocess, newest_first=newest_first, max_active=max_active
    )
    wanted = {
        "open": (OPEN, Deed.CLOSE),
        "closed": (CLOSED, Deed.REBUILD if reprocess is Reprocess.ALL else Deed.LEAVE),
        "in_flight": (IN_FLIGHT, Deed.LEAVE),
        "dead": (DEAD, Deed.LEAVE if reprocess is Reprocess.NONE else Deed.REPLAY),
        "doubted": (DOUBTED, OF_DOUBTED[reprocess]),
    }
    for by in ("by_hand", "by_backend"):
        wanted[by], wanted[f"doubted_{by}"] = wanted["closed"], wanted["doubted"]
    wanted["rebuilding"] = wanted["in_flight"]
    assert [(p.standing, p.deed) for p in planned.periods] == [wanted[kind] for kind in kinds]

    backfill = office.planning.start(planned.backfill.id, "ana").backfill
    carried_out: list[str] = []
    while due := office.queue.take_due(office.clock.now()):
        assert len([r for r in of_backfill(office, backfill) if not r.state.is_final]) <= max_active
        for work in due:
            carried_out.append(work.run_id)
            office.queue.perform(work)

    runs = [office.run(run_id) for run_id in carried_out if run_id not in in_flight]
    done = [(run.key.period.first_day, run.job) for run in runs]
    expected = [
        (each.period.first_day, JobKind.REBUILD if each.standing.is_closed else JobKind.CLOSE)
        for each in planned.periods
        if each.deed is not Deed.LEAVE
    ]
    assert done == (expected[::-1] if newest_first else expected)
    ended = now(office, backfill)
    assert (ended.state, ended.done) == (BackfillState.ENDED, len(expected))
    assert not office.runs(None, *ACTIVE, RunState.WAITING)
    # What had failed is open still where it was left alone, and nowhere else.
    left = [
        office.run(letter.run_id).key.period.first_day
        for letter in office.letters()
        if letter.state is DeadLetterState.OPEN
    ]
    assert sorted(left) == [
        each.period.first_day
        for each in planned.periods
        if each.standing in (DEAD, DOUBTED) and each.deed is Deed.LEAVE
    ]


def test_a_refusal_of_all_days_is_kept_for_each() -> None:
    office = Office([])
    backfill = started_over(office, 3)
    office.backend.away = REFUSED

    office.work()

    ended = now(office, backfill)
    assert (ended.failed, ended.remaining) == (3, 0)
    found = office.backfills.view(backfill.id).not_done
    assert [each.outcome for each in found] == [Outcome.REFUSED] * 3
    assert office.clock.now() < NOON + MINUTE + timedelta(seconds=1)
