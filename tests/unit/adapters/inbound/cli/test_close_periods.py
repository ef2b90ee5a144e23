"""``close`` for weeks and months, and how the commands on the ledger name them."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from aegis_batch.adapters.inbound.cli.app import run
from aegis_batch.adapters.inbound.cli.periods import period_days, period_heading, period_in_full
from aegis_batch.domain.calendar import Period, PeriodKind
from aegis_batch.domain.errors import BackendRefused, InvalidRequest
from aegis_batch.domain.outcome import Outcome
from aegis_batch.domain.report import StoredReport
from aegis_batch.domain.run import CloseKey, RunState
from tests.unit.adapters.inbound.cli.ledger_services import PROBLEM, LedgerServices, record_of
from tests.unit.adapters.inbound.cli.test_close import KEYS, TEXTS, InMemoryServices

DAY = Period(PeriodKind.DAY, date(2026, 11, 21))
WEEK = Period(PeriodKind.WEEK, date(2026, 11, 16))
MONTH = Period(PeriodKind.MONTH, date(2026, 11, 1))
LAST_WEEK_OF_ALL = Period(PeriodKind.WEEK, date(9999, 12, 27))


@pytest.fixture
def services() -> InMemoryServices:
    services = InMemoryServices()
    services.clock.set(datetime(2026, 12, 1, 15, tzinfo=UTC))
    # The order that breaks a rule would have the period rejected.
    services.orders.orders.pop()
    return services


def close(
    services: InMemoryServices, captured: pytest.CaptureFixture[str], *arguments: str
) -> tuple[int, dict[str, object]]:
    status = run(["close", "--output", "json", *arguments], services)
    told = json.loads(captured.readouterr().out)
    assert list(told) == KEYS
    return status, told


@pytest.mark.parametrize("day", ["2026-11-16", "2026-11-19", "2026-11-22"])
def test_any_day_names_its_week(
    services: InMemoryServices, capfd: pytest.CaptureFixture[str], day: str
) -> None:
    status, told = close(services, capfd, "--period", "week", "--date", day)

    assert (status, told["outcome"], told["period"]) == (0, "created", "week")
    assert (told["reportDate"], told["lastDate"]) == ("2026-11-16", "2026-11-22")
    assert told["window"] == {"start": "2026-11-16T03:00:00Z", "end": "2026-11-23T03:00:00Z"}
    assert list(services.gateway.stored) == [CloseKey("default", WEEK)]


@pytest.mark.parametrize(
    ("kind", "first", "last"),
    [
        ("day", "2026-11-30", "2026-11-30"),
        ("week", "2026-11-23", "2026-11-29"),
        ("month", "2026-11-01", "2026-11-30"),
    ],
)
def test_the_last_period_that_has_ended_is_closed_unless_one_is_named(
    services: InMemoryServices,
    capfd: pytest.CaptureFixture[str],
    kind: str,
    first: str,
    last: str,
) -> None:
    _, told = close(services, capfd, "--period", kind)

    assert (told["outcome"], told["period"]) == ("created", kind)
    assert (told["reportDate"], told["lastDate"]) == (first, last)


def test_a_week_is_told_by_its_number_and_its_days(
    services: InMemoryServices, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(["close", "--period", "week", "--date", "2026-11-20"], services) == 0
    told = capfd.readouterr().out
    assert told.startswith("week 2026-W47 closed: the Backend created the report\n")
    assert "days     2026-11-16 to 2026-11-22\n" in told

    assert run(["close", "--period", "month", "--date", "2026-11-20"], services) == 0
    assert capfd.readouterr().out.startswith("month 2026-11 closed: ")

    assert run(["close", "--date", "2026-11-20"], services) == 0
    assert "days " not in capfd.readouterr().out


def test_a_week_that_goes_on_is_refused_and_may_be_looked_at(
    services: InMemoryServices, capfd: pytest.CaptureFixture[str]
) -> None:
    open_week = ("--period", "week", "--date", "2026-12-06")

    status, told = close(services, capfd, *open_week)

    assert (status, told["outcome"], told["period"]) == (2, "invalid", "week")
    assert (told["reportDate"], told["lastDate"]) == ("2026-11-30", "2026-12-06")
    assert "week 2026-W49 has not ended" in json.dumps(told["error"])
    status, told = close(services, capfd, *open_week, "--dry-run", "--allow-open-day")
    assert (status, told["outcome"]) == (0, "dry_run")


def test_a_rehearsal_says_what_the_backend_has_for_the_week(
    services: InMemoryServices, capfd: pytest.CaptureFixture[str]
) -> None:
    services.asks_in_rehearsals = True
    rehearsal = ("--period", "week", "--date", "2026-11-21", "--dry-run")

    assert run(["close", *rehearsal], services) == 0
    assert "has no report for this week yet" in capfd.readouterr().out

    stored = StoredReport(WEEK.first_day, total_orders=Decimal(7))
    services.gateway.stored[CloseKey("default", WEEK)] = stored
    status, told = close(services, capfd, *rehearsal)
    assert (status, told["outcome"]) == (0, "dry_run")
    assert "holds a different report for this week: totalOrders" in json.dumps(told["error"])


@pytest.mark.parametrize(
    ("arguments", "period"),
    [
        (["--period", "fortnight"], "day"),
        (["--period", "week", "--date", "x"], "week"),
        (["--period=month", "--date", "x"], "month"),
        (["--period", "week", "--period", "month", "stray"], "month"),
        (["stray", "--period"], "day"),
    ],
)
def test_a_wrong_command_line_names_the_kind_of_period_that_was_asked_for(
    services: InMemoryServices,
    capfd: pytest.CaptureFixture[str],
    arguments: list[str],
    period: str,
) -> None:
    status, told = close(services, capfd, *arguments)

    assert (status, told["outcome"], told["period"]) == (2, "invalid", period)
    assert (told["reportDate"], told["lastDate"]) == (None, None)


def test_an_open_period_is_refused_in_its_own_words(
    services: InMemoryServices, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(["close", "--period", "month", "--allow-open-day"], services) == 2
    assert "an open month can't be closed" in capfd.readouterr().err


def test_what_ends_before_the_run_names_the_whole_week(
    services: InMemoryServices, capfd: pytest.CaptureFixture[str]
) -> None:
    services.fault = InvalidRequest(*TEXTS)

    _, told = close(services, capfd, "--period", "week", "--date", "2026-11-19")

    assert (told["period"], told["reportDate"], told["lastDate"]) == (
        "week",
        "2026-11-16",
        "2026-11-22",
    )


def test_a_week_at_the_end_of_all_dates_has_no_last_day(
    services: InMemoryServices, capfd: pytest.CaptureFixture[str]
) -> None:
    status, told = close(services, capfd, "--period", "week", "--date", "9999-12-31")

    assert (status, told["reportDate"], told["lastDate"]) == (2, "9999-12-27", None)
    assert period_days(LAST_WEEK_OF_ALL) == "from 9999-12-27"


def test_a_table_of_days_that_cant_tell_of_weeks_is_no_table_that_cant_be_read(
    services: InMemoryServices, capfd: pytest.CaptureFixture[str]
) -> None:
    services.gateway.find_faults.append(BackendRefused("table_holds_days", "No.", "Look."))

    assert run(["close", "--period", "week"], services) == 4
    assert "not closed: the table of reports holds days alone" in capfd.readouterr().out


def test_days_keep_their_heading_and_periods_have_one(ledger: LedgerServices) -> None:
    assert period_heading([DAY, DAY]) == "day"
    assert period_heading([DAY, MONTH]) == "period"
    assert period_in_full(DAY) == "2026-11-21"

    ledger.keep(replace(record_of("run-week"), key=CloseKey("default", WEEK)))
    ledger.keep(record_of("run-day", WEEK.first_day))

    told = ledger.tell("runs").out

    assert told.startswith("period ")
    assert "\nweek 2026-W47  close  queued " in told
    assert "\n2026-11-16     close  queued " in told
    shown = ledger.tell("runs", "show", "run-week").out
    assert "job       close of week 2026-W47 (2026-11-16 to 2026-11-22)\n" in shown


def test_a_run_of_a_week_has_its_kind_and_both_its_ends_as_json(ledger: LedgerServices) -> None:
    ledger.keep(replace(record_of("run-week"), key=CloseKey("default", WEEK)))

    (told,) = ledger.tell("runs", "--output", "json").json["runs"]

    assert (told["period"], told["date"], told["lastDate"]) == ("week", "2026-11-16", "2026-11-22")


def test_a_dead_letter_of_a_month_is_told_apart_from_that_of_its_first_day(
    ledger: LedgerServices,
) -> None:
    running = replace(
        record_of("run-month"), key=CloseKey("default", MONTH), state=RunState.RUNNING
    )
    ledger.keep(running)
    with ledger.ledger.turn() as turn:
        turn.bury(running, Outcome.CONFLICT, PROBLEM)

    assert "\nmonth 2026-11  close  open " in ledger.tell("dead-letters", "list").out
    shown = ledger.tell("dead-letters", "show", "run-month").out
    assert "close of month 2026-11 (2026-11-01 to 2026-11-30)" in shown
    (letter,) = ledger.tell("dead-letters", "list", "--output", "json").json["deadLetters"]
    assert (letter["period"], letter["date"], letter["lastDate"]) == (
        "month",
        "2026-11-01",
        "2026-11-30",
    )
    decided = ledger.tell("dead-letters", "discard", "run-month", "--reason", "settled").out
    assert decided.startswith("month 2026-11  close  run-month  discarded")
