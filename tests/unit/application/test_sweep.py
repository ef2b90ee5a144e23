"""The sweep: closed days that are no longer true are found by night, and told once."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from aegis_batch.adapters.outbound.memory.order_reader import PlacedOrder
from aegis_batch.domain.job_events import JobCompleted, PeriodVerified
from aegis_batch.domain.notice import Notice, NoticeKind
from aegis_batch.domain.order import Order, OrderLine
from aegis_batch.domain.report import AlteredBody, StoredReport
from aegis_batch.domain.run import JobKind, RunState
from aegis_batch.domain.seal_link import SealLink
from aegis_batch.domain.verification import Verdict, Verification
from tests.sealed_chain import altered_by_hand
from tests.unit.application.office import (
    AWAY,
    BROKEN,
    DAY,
    HOUR,
    NIGHTLY,
    NOON,
    ONE_DAY,
    REFUSED,
    SWEEP,
    Office,
    key_of,
)

# The sweep of the night after DAY; two days before it were closed in the nights before.
AT_FOUR = datetime(2026, 11, 22, 7, tzinfo=UTC)
DAYS = [DAY - 2 * ONE_DAY, DAY - ONE_DAY, DAY]


def order_on(day: date, order_id: str, total: str) -> PlacedOrder:
    noon = datetime(day.year, day.month, day.day, 15, tzinfo=UTC)
    line = OrderLine("Tea", Decimal(1), Decimal(total))
    return PlacedOrder(noon, Order(order_id, Decimal(total), (line,)))


def an_office(kinds: tuple[NoticeKind, ...] = (NoticeKind.MESSAGE,)) -> Office:
    """Return an office whose last three days are closed, in the morning after the third."""
    start = NOON - 2 * ONE_DAY
    office = Office((NIGHTLY, SWEEP), start, close_from=DAYS[0], kinds=kinds)
    office.orders.orders = [
        order_on(day, f"{day}-{number}", "10.00") for day in DAYS for number in range(2)
    ]
    office.live_until(AT_FOUR - HOUR)
    assert office.closed_days() == DAYS
    return office


def sweep(office: Office) -> list[PeriodVerified]:
    """Let the next sweep come, and return what it told."""
    before = len(office.events(PeriodVerified))
    office.live_until(office.clock.now() + ONE_DAY)
    found = office.events(PeriodVerified)[before:]
    return [event for event in found if isinstance(event, PeriodVerified)]


def told(office: Office) -> list[Notice]:
    return [notice for notice in office.notices() if notice.event == "period.verified"]


def kept(office: Office, day: date) -> Verification | None:
    with office.state.turn() as turn:
        return turn.verifications.get(key_of(day))


def test_days_that_are_as_they_were_closed_are_told_to_nobody() -> None:
    office = an_office()
    bodies = list(office.backend.bodies)

    office.live_until(AT_FOUR)

    [run] = office.runs(JobKind.SWEEP)[-1:]
    assert run.state is RunState.SUCCEEDED
    completed = office.events(JobCompleted)[-1]
    assert isinstance(completed, JobCompleted)
    assert completed.told == "3 closed days verified, 0 off"
    assert [kept(office, day) for day in DAYS] != [None] * 3
    assert told(office) == []
    assert office.backend.bodies == bodies


def test_a_late_a_changed_and_a_deleted_order_are_named_in_one_message() -> None:
    office = an_office()
    bodies = list(office.backend.bodies)
    orders = office.orders.orders
    orders.append(order_on(DAYS[0], "late", "7.50"))
    orders[2] = order_on(DAYS[1], orders[2].order.id, "9.99")
    del orders[4]

    office.live_until(AT_FOUR)

    [notice] = told(office)
    assert notice.text.startswith(
        "Closed days that are off: 2026-11-19, 2026-11-20, 2026-11-21."
        " See: aegis-batch verify --from 2026-11-19 --to 2026-11-21."
    )
    for words in (
        "2026-11-19 is changed: orders: 3 now, 2 when it was sealed (+1)",
        "revenue: 27.50 now, 20.00 when it was sealed (+7.50)",
        "2026-11-20 is changed: revenue: 19.99 now, 20.00 when it was sealed (-0.01).",
        "2026-11-21 is changed: orders: 1 now, 2 when it was sealed (-1)",
    ):
        assert words in notice.text
    assert office.backend.bodies == bodies
    assert [event.verdict for event in office.events(PeriodVerified)[-3:]] == [  # type: ignore[attr-defined]
        Verdict.CHANGED
    ] * 3


def test_the_same_finding_is_told_once_and_only_what_is_new_the_next_night() -> None:
    office = an_office()
    office.orders.orders.append(order_on(DAY, "late", "7.50"))
    office.live_until(AT_FOUR)
    assert len(told(office)) == 1

    found = sweep(office)
    assert [event.verdict for event in found if event.run.key == key_of(DAY)] == [Verdict.CHANGED]
    assert len(told(office)) == 1

    office.orders.orders.append(order_on(DAY + ONE_DAY, "later", "1.00"))
    sweep(office)
    assert [notice.text.partition(" See")[0] for notice in told(office)][1:] == [
        "Closed days that are off: 2026-11-22."
    ]

    # The finding of a day that was told before is another one now.
    office.orders.orders.append(order_on(DAY + ONE_DAY, "later still", "2.00"))
    sweep(office)
    assert len(told(office)) == 3
    assert "revenue: 3.00 now, 0.00 when it was sealed (+3.00)" in told(office)[-1].text


def test_where_nobody_can_be_told_a_finding_stays_new() -> None:
    office = an_office(kinds=())
    office.orders.orders.append(order_on(DAY, "late", "7.50"))
    office.live_until(AT_FOUR)
    assert office.notices() == []

    office.notifier.kinds = frozenset(NoticeKind)
    sweep(office)

    assert len(told(office)) == 1


def test_a_day_with_an_open_dead_letter_is_left_out_and_one_that_was_lost_is_missing() -> None:
    office = Office((NIGHTLY, SWEEP), NOON - 2 * ONE_DAY, close_from=DAYS[0])
    office.orders.orders = [BROKEN]
    office.live_until(NOON - HOUR)
    # The first was closed; the next is made to have been open for good.
    office.live_until(AT_FOUR - HOUR)
    assert [letter.key for letter in office.letters()] == [key_of(DAY)]
    office.backend.stored.pop(key_of(DAYS[1]))
    office.backend.stored[key_of(DAY)] = StoredReport(DAY)
    office.live_until(AT_FOUR)

    verified = {
        event.run.key.period.first_day: event.verdict
        for event in office.events(PeriodVerified)
        if isinstance(event, PeriodVerified) and event.at > AT_FOUR - HOUR
    }

    # What the ledger closed and the Backend lost is missing, not left out.
    assert verified == {DAYS[0]: Verdict.EQUAL, DAYS[1]: Verdict.MISSING}


def test_a_body_that_was_altered_is_told_once_however_many_nights_find_it() -> None:
    office = Office((SWEEP,), NOON + 13 * HOUR, close_from=DAY)
    office.close_by_hand(DAY)
    stored = office.backend.stored[key_of(DAY)]
    altered = AlteredBody("sha256:aa", "sha256:bb")
    office.backend.stored[key_of(DAY)] = replace(stored, altered=altered)

    for _ in range(2):
        sweep_run = office.control.trigger("verify-sweep", "ana")
        for work in office.queue.take_due(office.clock.now()):
            if work.run_id == sweep_run.id:
                office.queue.perform(work)
        office.clock.advance(HOUR)

    verdicts = [e.verdict for e in office.events(PeriodVerified) if isinstance(e, PeriodVerified)]
    assert verdicts == [Verdict.CONFLICT] * 2
    with office.state.turn() as turn:
        told = [
            notice
            for notice in turn.notices.due(office.clock.now() + 999 * HOUR, 99)
            if notice.event == PeriodVerified.name
        ]
    assert len(told) == 1
    assert "altered by hand" in told[0].text


@pytest.mark.parametrize("in_flight", [True, False])
def test_a_day_in_flight_is_left_out(in_flight: bool) -> None:  # noqa: FBT001 - a table's row
    office = Office((SWEEP,), NOON + 13 * HOUR, close_from=DAY)
    office.backend.stored[key_of(DAY)] = StoredReport(DAY, Decimal(9))
    if in_flight:
        office.enqueue_close(DAY)
    sweep_run = office.control.trigger("verify-sweep", "ana")

    for work in office.queue.take_due(office.clock.now()):
        if work.run_id == sweep_run.id:
            office.queue.perform(work)

    assert office.run(sweep_run.id).state is RunState.SUCCEEDED
    assert len(office.events(PeriodVerified)) == (0 if in_flight else 1)


def test_a_day_that_nobody_here_closed_is_verified_where_the_backend_has_it() -> None:
    office = Office((SWEEP,), NOON + 13 * HOUR, close_from=DAYS[1])
    office.orders.orders = [order_on(DAY, "1", "10.00")]
    office.close_by_hand(DAY)
    office.orders.orders.append(order_on(DAY, "late", "1.00"))

    office.live_until(AT_FOUR)

    [event] = office.events(PeriodVerified)
    assert isinstance(event, PeriodVerified)
    assert (event.run.key, event.verdict) == (key_of(DAY), Verdict.CHANGED)


def test_without_a_first_day_all_days_of_the_sweep_are_looked_at() -> None:
    office = Office((SWEEP,), NOON + 13 * HOUR, close_from=None)

    office.live_until(AT_FOUR)

    assert office.backend.asked == DAYS


def test_a_backend_that_is_away_is_asked_again_later() -> None:
    office = an_office()
    office.orders.orders.append(order_on(DAY, "late", "7.50"))
    office.live_until(AT_FOUR - HOUR // 2 - timedelta(seconds=1))
    office.backend.away = AWAY
    office.backend.asked.clear()
    office.live_until(AT_FOUR - HOUR // 2 + timedelta(seconds=30))
    # The other days would only have waited for the same silence.
    assert office.backend.asked == DAYS[:1]
    [run] = office.runs(JobKind.SWEEP)[-1:]
    assert (run.state, told(office)) == (RunState.WAITING, [])

    office.backend.away = None
    office.live_until(AT_FOUR)

    assert office.run(run.id).state is RunState.SUCCEEDED
    assert len(told(office)) == 1


def test_a_day_that_cant_be_read_doesnt_keep_back_what_was_found_of_the_others() -> None:
    office = an_office()
    office.orders.orders.append(order_on(DAY, "late", "7.50"))
    office.backend.find_faults.extend([REFUSED, REFUSED])

    office.live_until(AT_FOUR)

    assert len(told(office)) == 1
    [letter] = office.letters()
    assert (letter.job, letter.problem.code) == (JobKind.SWEEP, "forbidden")


def test_a_seal_that_cant_be_read_is_told_beside_the_other_days_and_fails_no_sweep() -> None:
    office = an_office()
    with office.state.turn() as turn:
        last, (kept,) = turn.seals.last("default"), turn.seals.of(key_of(DAYS[0]), 1)
        assert last is not None
        link = SealLink.of(kept.content)
        turn.seals.add(altered_by_hand(replace(link, number=last.number + 1), content="hello"))
    office.orders.orders.append(order_on(DAY, "late", "7.50"))

    found = [event.verdict for event in sweep(office)]
    assert found == [Verdict.SEAL_CHANGED, Verdict.EQUAL, Verdict.CHANGED]
    sweep(office)

    [notice] = told(office)
    assert notice.text.startswith(f"Closed days that are off: {DAYS[0]}, {DAY}.")
    assert f"{DAYS[0]} is seal_changed: seal_changed: Link {last.number + 1} of" in notice.text
    assert "See: aegis-batch audit --check" in notice.text
    assert f"{DAY} is changed: orders: 3 now, 2 when it was sealed (+1)" in notice.text
    assert office.letters() == []


def test_what_can_be_compared_with_nothing_is_unknown_and_not_kept() -> None:
    office = Office((NIGHTLY, SWEEP), NOON, kinds=(NoticeKind.MESSAGE,))
    office.backend.stored[key_of(DAY)] = StoredReport(DAY)
    office.backend.can_find = True
    office.enqueue_close(DAY)
    office.sleep_until(NOON + 13 * HOUR)
    # It was closed before by another program, so that there is no seal.
    office.work()
    office.backend.can_find = False

    office.live_until(AT_FOUR)

    [event] = office.events(PeriodVerified)
    assert isinstance(event, PeriodVerified)
    assert event.verdict is Verdict.UNKNOWN
    assert (kept(office, DAY), told(office)) == (None, [])


def test_of_many_days_at_once_the_message_names_a_month_and_where_to_see_them_all() -> None:
    office = Office((SWEEP,), NOON + 13 * HOUR, close_from=None, sweep_days=33)
    for behind in range(33):
        day = DAY - behind * ONE_DAY
        office.backend.stored[key_of(day)] = StoredReport(day, Decimal(9))

    office.live_until(AT_FOUR)

    [notice] = told(office)
    assert "2026-11-19 and 2 more. See: aegis-batch verify" in notice.text
    assert "verify --from 2026-10-20 --to 2026-11-21." in notice.text
