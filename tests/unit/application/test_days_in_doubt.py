"""Closed days whose rebuild failed for good: seen by plans, and by no night."""

from collections.abc import Sequence

import pytest

from aegis_batch.application.backfill_range import BackfillRequest
from aegis_batch.domain.backfill import (
    Backfill,
    BackfillState,
    Deed,
    Fate,
    PeriodStanding,
    Reprocess,
)
from aegis_batch.domain.dead_letter import DeadLetter, DeadLetterState
from aegis_batch.domain.errors import InvalidRequest
from aegis_batch.domain.run import JobKind, RunState
from aegis_batch.domain.schedule import Schedule
from tests.unit.application.office import AWAY, DAY, HOUR, NIGHTLY, NOON, ONE_DAY, Office
from tests.unit.application.test_backfilling import an_order, now, of_backfill, orders_of

CLOSED, DOUBTED = DAY - 2 * ONE_DAY, DAY - ONE_DAY
DAYS = [CLOSED, DOUBTED]
OPEN = DeadLetterState.OPEN


def an_office(*schedules: Schedule) -> Office:
    """Return an office with two closed days, the later one in doubt."""
    office = Office(schedules, close_from=CLOSED)
    for day in DAYS:
        office.enqueue_close(day)
    office.work()
    change(office)
    office.enqueue_close(DOUBTED, JobKind.REBUILD)
    office.work()
    assert [letter.problem.code for letter in open_letters(office)] == ["conflict"]
    return office


def change(office: Office) -> None:
    orders_of(office, an_order(DOUBTED, 8))


def mend(office: Office) -> None:
    orders_of(office)


def open_letters(office: Office) -> Sequence[DeadLetter]:
    return [letter for letter in office.letters() if letter.state is OPEN]


def plan(office: Office, reprocess: Reprocess, max_active: int = 2) -> Backfill:
    request = BackfillRequest(
        first_day=CLOSED, last_day=DOUBTED, reprocess=reprocess, max_active=max_active
    )
    return office.planning.plan(request, "ana").backfill


def start(office: Office, reprocess: Reprocess, max_active: int = 2) -> Backfill:
    return office.planning.start(plan(office, reprocess, max_active).id, "ana").backfill


def standing_of_doubted(office: Office) -> PeriodStanding:
    return office.backfills.view(plan(office, Reprocess.NONE).id).periods[1].standing


@pytest.mark.parametrize("reprocess", [Reprocess.FAILED, Reprocess.ALL])
def test_a_dead_rebuild_is_done_again_in_the_place_of_its_letter(reprocess: Reprocess) -> None:
    office = an_office()
    [letter] = open_letters(office)
    mend(office)

    backfill = start(office, reprocess)
    office.work()

    assert now(office, backfill).done == (1 if reprocess is Reprocess.FAILED else 2)
    [run] = [each for each in of_backfill(office, backfill) if each.replay_of is not None]
    assert (run.job, run.replay_of, run.state) == (
        JobKind.REBUILD,
        letter.run_id,
        RunState.SUCCEEDED,
    )
    [decided] = office.letters()
    assert (decided.state, decided.replayed_as) == (DeadLetterState.REPLAYED, run.id)
    entry = office.history.audit(1)[0]
    assert (entry.action, entry.subject, entry.reason) == (
        "dead_letter.replay",
        letter.run_id,
        f"backfill {backfill.id}",
    )
    assert standing_of_doubted(office) is PeriodStanding.CLOSED


def test_with_none_a_day_in_doubt_is_left_alone() -> None:
    office = an_office()

    backfill = start(office, Reprocess.NONE)

    assert (backfill.to_do, backfill.state) == (0, BackfillState.ENDED)
    assert len(open_letters(office)) == 1


@pytest.mark.parametrize("reprocess", [Reprocess.FAILED, Reprocess.ALL])
def test_however_often_it_fails_again_one_dead_letter_is_open(reprocess: Reprocess) -> None:
    office = an_office()

    for _ in range(3):
        backfill = start(office, reprocess)
        office.work()
        assert now(office, backfill).failed == 1

        assert len(open_letters(office)) == 1
    assert len(office.letters()) == 4


def test_two_at_once_make_no_second_dead_letter() -> None:
    office = an_office()
    backfills = [plan(office, Reprocess.ALL) for _ in range(2)]
    first = office.planning.start(backfills[0].id, "ana").backfill

    with pytest.raises(InvalidRequest, match="was closed, in doubt and is in flight"):
        office.planning.start(backfills[1].id, "ana")
    office.work()

    assert now(office, first).failed == 1
    assert len(open_letters(office)) == 1


def test_a_rebuild_that_others_are_at_is_left_to_them() -> None:
    office = an_office()
    backfill = start(office, Reprocess.ALL, max_active=1)
    [letter] = open_letters(office)
    office.dead_letters.replay([letter.run_id], "maria", "mended")

    [run] = of_backfill(office, backfill)
    for work in office.queue.take_due(office.clock.now()):
        if work.run_id == run.id:
            office.queue.perform(work)

    assert now(office, backfill).skipped == 1
    [not_done] = office.backfills.view(backfill.id).not_done
    assert (not_done.key.period.first_day, not_done.fate) == (DOUBTED, Fate.SKIPPED)


def test_a_rebuild_in_flight_is_not_replayed_a_second_time_by_hand() -> None:
    office = an_office()
    [letter] = open_letters(office)
    office.enqueue_close(DOUBTED, JobKind.REBUILD)

    with pytest.raises(InvalidRequest) as caught:
        office.dead_letters.replay([letter.run_id], "maria", "mended")

    assert caught.value.code == "day_in_flight"
    assert len(open_letters(office)) == 1


def test_all_that_lie_open_from_before_are_settled_by_one_replay() -> None:
    office = an_office()
    office.enqueue_close(DOUBTED, JobKind.REBUILD)
    office.work()
    assert len(open_letters(office)) == 2
    mend(office)

    start(office, Reprocess.FAILED)
    office.work()

    assert open_letters(office) == []
    assert len({letter.replayed_as for letter in office.letters()}) == 1


def test_what_a_person_has_decided_since_the_start_is_not_done_again() -> None:
    office = an_office()
    orders_of(office, an_order(CLOSED, 3), an_order(DOUBTED, 8))
    office.enqueue_close(CLOSED, JobKind.REBUILD)
    office.work()
    assert len(open_letters(office)) == 2
    backfill = start(office, Reprocess.FAILED, max_active=1)
    [letter] = open_letters(office)
    office.dead_letters.discard([letter.run_id], "maria", "seen")

    office.work()

    ended = now(office, backfill)
    assert (ended.state, ended.done, ended.failed) == (BackfillState.ENDED, 1, 1)
    assert len(of_backfill(office, backfill)) == 1


def test_a_close_that_failed_and_is_closed_since_is_not_derived_again() -> None:
    office = Office([], close_from=CLOSED)
    orders_of(office, an_order(CLOSED, -1), an_order(DOUBTED, -1))
    for day in DAYS:
        office.enqueue_close(day)
    office.work()
    mend(office)
    backfill = start(office, Reprocess.FAILED, max_active=1)
    office.close_by_hand(DOUBTED)

    office.work()

    assert now(office, backfill).done == 2
    assert [run.key.period.first_day for run in of_backfill(office, backfill)] == [CLOSED]


def test_cancelled_before_it_came_to_an_end_the_day_is_in_doubt_again() -> None:
    office = an_office()
    [letter] = open_letters(office)
    backfill = start(office, Reprocess.FAILED)
    assert open_letters(office) == []

    office.backfills.cancel(backfill.id, "maria", "not now")

    assert open_letters(office) == [letter]
    entry = office.history.audit(2)[1]
    assert (entry.action, entry.subject) == ("dead_letter.reopen", letter.run_id)
    mend(office)
    office.backfills.resume(backfill.id, "maria")
    office.work()
    assert now(office, backfill).done == 1
    assert open_letters(office) == []


def test_a_rebuild_that_is_cancelled_under_way_leaves_the_doubt_as_well() -> None:
    office = an_office()
    [letter] = open_letters(office)
    backfill = start(office, Reprocess.FAILED)

    def cancel_and_fail() -> None:
        office.backfills.cancel(backfill.id, "maria", "not now")
        raise AWAY

    office.backend.meanwhile = cancel_and_fail
    office.work()

    assert [run.state for run in of_backfill(office, backfill)] == [RunState.CANCELLED]
    assert open_letters(office) == [letter]


def test_a_backend_that_is_silent_does_not_outdate_the_plan_of_a_day_in_doubt() -> None:
    office = Office([], close_from=CLOSED)
    for day in DAYS:
        office.close_elsewhere(day)
    change(office)
    office.enqueue_close(DOUBTED, JobKind.REBUILD)
    office.work()
    planned = plan(office, Reprocess.FAILED)
    [each] = [p for p in office.backfills.view(planned.id).periods if p.deed is not Deed.LEAVE]
    assert (each.standing, each.deed) == (PeriodStanding.DOUBTED, Deed.REPLAY)
    office.backend.away = AWAY

    assert office.planning.start(planned.id, "ana").is_new


def test_a_night_counts_a_day_in_doubt_as_closed() -> None:
    office = an_office(NIGHTLY)

    office.live_until(NOON + 16 * HOUR)

    assert [run.key.period.first_day for run in office.runs() if run.job is JobKind.CLOSE] == [
        CLOSED,
        DOUBTED,
        DAY,
    ]
    assert "night.complete" in office.told()
    assert len(open_letters(office)) == 1
