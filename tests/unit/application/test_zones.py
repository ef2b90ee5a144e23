"""What it changes that a tenant has a zone of its own."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from aegis_batch.application.backfill_range import BackfillRequest
from aegis_batch.application.close_request import CloseRequest
from aegis_batch.application.daily_close import DailyCloseUseCase
from aegis_batch.application.sealed_days import SealedDays
from aegis_batch.application.verify import VerifyRequest
from aegis_batch.domain.calendar import Period, PeriodKind
from aegis_batch.domain.errors import InvalidRequest
from aegis_batch.domain.outcome import Outcome
from aegis_batch.domain.run import CloseKey, JobKind, RunState
from aegis_batch.domain.schedule import Schedule, ScheduleKind, Timing
from aegis_batch.domain.tenant import EVERYONE, SINGLE
from tests.unit.application.closed_days import FIRST, ClosedDays
from tests.unit.application.office import (
    AWAY,
    DAY,
    FAR_ZONE,
    HOUR,
    HOURLY,
    NIGHTLY,
    NOON,
    ONE_DAY,
    ZONE,
    Office,
)
from tests.unit.application.shop import Shop

FAR_NIGHTLY = Schedule(
    f"daily-close@{FAR_ZONE}",
    JobKind.NIGHT,
    Timing(ScheduleKind.CRON, cron="0 0 2 * * *", zone=FAR_ZONE),
    newest_only=True,
)
NOWHERE = "Mars/Olympus"


def enqueue(office: Office, day: date, zone_name: str | None) -> str:
    """Put the close of a day of a zone into the queue."""
    run_id = office.enqueue_close(day)
    with office.state.turn() as turn:
        record = turn.runs.get(run_id)
        assert record is not None
        turn.runs.save(replace(record, zone_name=zone_name))
    return run_id


def test_a_close_reads_the_window_of_the_tenants_zone() -> None:
    shop = Shop()

    shop.close(zone_name=FAR_ZONE)

    assert shop.reader.windows[0].start == datetime(2026, 11, 20, 15, tzinfo=UTC)


def test_the_day_that_ended_last_is_that_of_the_tenants_zone() -> None:
    # A minute past midnight in Tokyo, a minute past noon in São Paulo.
    office = Office([], now=NOON + timedelta(minutes=1))

    with pytest.raises(InvalidRequest, match="today is 2026-11-21 in America/Sao_Paulo"):
        office.planning.plan(BackfillRequest(first_day=DAY, last_day=DAY), "ana")
    planned = office.planning.plan(
        BackfillRequest(first_day=DAY, last_day=DAY, zone_name=FAR_ZONE), "ana"
    )
    office.planning.start(planned.backfill.id, "ana")

    assert planned.backfill.zone_name == FAR_ZONE
    (run,) = office.runs()
    assert (run.key.period.first_day, run.zone_name) == (DAY, FAR_ZONE)
    office.work()
    assert office.run(run.id).outcome is Outcome.CREATED


def test_a_zone_that_is_none_is_refused_before_anything_is_tried() -> None:
    office, days, shop = Office([]), ClosedDays(), Shop()
    with pytest.raises(InvalidRequest):
        office.planning.plan(BackfillRequest(first_day=DAY, last_day=DAY, zone_name=NOWHERE), "ana")
    request = VerifyRequest("run-v", "2" * 32, FIRST, FIRST, zone_name=NOWHERE)
    with pytest.raises(InvalidRequest):
        list(days.use_case().verify(request, days.troubles.append))
    with pytest.raises(InvalidRequest):
        shop.close(zone_name=NOWHERE)
    assert shop.reader.windows == []


def test_a_run_whose_zone_is_none_any_more_is_a_dead_letter_at_once() -> None:
    office = Office([])
    run_id = enqueue(office, DAY - ONE_DAY, NOWHERE)

    office.work()

    record = office.run(run_id)
    assert record.state is RunState.FAILED
    assert record.problem is not None
    assert record.problem.code == "unknown_zone"


def test_a_close_is_tried_until_the_catch_up_window_of_its_own_zone_ends() -> None:
    office = Office([], now=NOON)
    office.backend.away = AWAY
    last_moment = NOON + 7 * ONE_DAY
    # The day of Tokyo ended at NOON; that of São Paulo ends twelve hours later.
    run_id = enqueue(office, DAY, FAR_ZONE)
    office.clock.advance(last_moment - NOON)

    office.work()

    assert office.run(run_id).state is RunState.FAILED


def test_a_day_to_come_of_a_zone_is_void_when_the_clock_comes_back_and_no_other() -> None:
    office = Office([NIGHTLY])
    office.heart.beat()
    to_come = enqueue(office, DAY + 20 * ONE_DAY, FAR_ZONE)
    unknown = enqueue(office, DAY + 20 * ONE_DAY, NOWHERE)
    office.clock.set(NOON + 30 * ONE_DAY)
    while office.heart.beat() == 0.0:
        pass
    office.clock.set(NOON)
    office.clock.advance(timedelta(seconds=1))

    while office.heart.beat() == 0.0:
        pass

    assert office.run(to_come).state is RunState.CANCELLED
    assert office.run(unknown).state is RunState.QUEUED


def test_a_period_without_a_seal_is_verified_in_the_tenants_zone() -> None:
    days = ClosedDays()
    days.forget_seals()
    request = VerifyRequest("run-v", "2" * 32, FIRST, FIRST, zone_name=FAR_ZONE)

    (verified,) = days.use_case().verify(request, days.troubles.append)

    # The orders of São Paulo's day are not those of Tokyo's.
    assert str(verified.verification.verdict) == "conflict"


def test_a_sealed_period_stays_true_when_its_tenant_has_another_zone() -> None:
    days = ClosedDays()
    request = VerifyRequest("run-v", "2" * 32, FIRST, FIRST, zone_name=FAR_ZONE)

    (verified,) = days.use_case().verify(request, days.troubles.append)

    assert str(verified.verification.verdict) == "equal"


@pytest.mark.parametrize(
    ("rebuild", "dry_run", "outcome"),
    [
        (False, False, Outcome.ALREADY_CLOSED),
        (True, False, Outcome.ALREADY_CLOSED),
        (False, True, Outcome.DRY_RUN),
    ],
)
def test_a_sealed_day_is_closed_again_in_its_own_window(
    *, rebuild: bool, dry_run: bool, outcome: Outcome
) -> None:
    days = ClosedDays()
    close = DailyCloseUseCase(
        days.reader,
        days.backend,
        days.clock,
        days.sink,
        days.policy,
        SealedDays(days.state.look, days.policy),
        compares_first=True,
    )
    request = CloseRequest(
        "run-2", "2" * 32, day=FIRST, zone_name=FAR_ZONE, rebuild=rebuild, dry_run=dry_run
    )

    result = close.close(request)

    assert (result.outcome, result.problem) == (outcome, None)
    assert result.window == days.calendar.window(FIRST)


def test_seals_of_one_zone_do_not_add_up_to_a_week_of_another() -> None:
    days = ClosedDays()
    for number in range(7):
        days.verify(FIRST + number * ONE_DAY, FIRST + number * ONE_DAY)
    merging = SealedDays(days.state.look, days.policy)
    key = CloseKey("default", Period.holding(PeriodKind.WEEK, FIRST))

    assert merging.merged(key) is not None
    assert merging.merged(key, FAR_ZONE) is None


@pytest.mark.parametrize(
    ("schedule", "tenant", "zone_name"),
    [
        (NIGHTLY, EVERYONE, None),
        (FAR_NIGHTLY, EVERYONE, FAR_ZONE),
        (HOURLY, EVERYONE, None),
        (FAR_NIGHTLY, SINGLE, None),
    ],
    ids=["own zone", "another zone", "no zone", "a single tenant"],
)
def test_a_run_of_a_schedule_is_for_the_tenants_of_its_zone(
    schedule: Schedule, tenant: str, zone_name: str | None
) -> None:
    office = Office([schedule], tenant=tenant)
    office.sleep_until(NOON + 14 * HOUR)

    office.fire()

    run = office.runs()[0]
    assert (run.key.tenant, run.zone_name) == (tenant, zone_name)


def test_the_newest_day_of_a_firing_is_that_of_its_zone() -> None:
    office = Office([NIGHTLY, FAR_NIGHTLY], tenant=EVERYONE)
    office.sleep_until(NOON + 3 * HOUR)
    office.fire()
    office.sleep_until(NOON + 15 * HOUR)
    office.fire()

    found = [(run.zone_name, run.nominal, run.key.period.first_day) for run in office.runs()]
    assert found == [
        (FAR_ZONE, NOON + 2 * HOUR, DAY),
        (None, NOON + 14 * HOUR, DAY),
    ]
    assert ZONE != FAR_ZONE
