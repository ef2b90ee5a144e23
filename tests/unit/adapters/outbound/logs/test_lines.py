"""Log lines that nothing in them can break, forge or hide."""

import io
import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from loguru import logger

from aegis_batch.adapters.outbound.logs.metrics_sink import LogMetricsSink
from aegis_batch.bootstrap.settings import LogFormat, LogLevel
from aegis_batch.bootstrap.telemetry import set_up_logs
from aegis_batch.domain.calendar import Period, PeriodKind
from aegis_batch.domain.consistency import Action, Rule
from aegis_batch.domain.events import (
    CloseCompleted,
    CloseFailed,
    CloseStarted,
    Event,
    RequestAnswered,
    RequestFailed,
    RuleBroken,
    SealsUnreadable,
    Step,
    StepFailed,
    StepStarted,
)
from aegis_batch.domain.job_events import (
    DayOverdue,
    JobSentToDlq,
    OccurrenceDecided,
    PeriodVerified,
)
from aegis_batch.domain.outcome import Outcome
from aegis_batch.domain.run import CloseKey, JobKind, Run
from aegis_batch.domain.schedule import Decision
from aegis_batch.domain.verification import Verdict
from tests.unit.adapters.outbound.otel import job_events

AT = datetime(2026, 11, 22, 5, 0, tzinfo=UTC)
NASTY = 'a\nb\r\x1b[2J\u2028"} {"event":"forged"} {0} {name} <red>\u202e'


def run_of(tenant: str = "default") -> Run:
    return Run(
        "run-1", "0" * 31 + "1", CloseKey(tenant, Period(PeriodKind.DAY, date(2026, 11, 21)))
    )


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    yield io.StringIO()
    logger.remove()


def test_an_event_is_one_json_line_with_its_run_and_its_figures(stream: io.StringIO) -> None:
    set_up_logs(LogLevel.INFO, LogFormat.JSON, stream)
    LogMetricsSink().emit(
        CloseCompleted(
            run=run_of(),
            at=AT,
            dry_run=False,
            outcome=Outcome.CREATED,
            orders=128,
            duration_ms=41.68,
        )
    )
    (line,) = stream.getvalue().splitlines()
    told = json.loads(line)
    assert told.pop("time").endswith("Z")
    assert told == {
        "level": "INFO",
        "message": "job.completed 2026-11-21",
        "event": "job.completed",
        "runId": "run-1",
        "traceId": "0" * 31 + "1",
        "correlationId": "run-1",
        "tenant": "default",
        "period": "day",
        "reportDate": "2026-11-21",
        "dryRun": False,
        "outcome": "created",
        "orders": 128,
        "durationMs": 41.7,
    }


def test_a_week_is_told_apart_from_its_first_day(stream: io.StringIO) -> None:
    set_up_logs(LogLevel.INFO, LogFormat.JSON, stream)
    week = Period(PeriodKind.WEEK, date(2026, 11, 16))
    run = replace(run_of(), key=CloseKey("default", week))

    LogMetricsSink().emit(CloseStarted(run=run, at=AT, dry_run=False))

    told = json.loads(stream.getvalue())
    assert told["message"] == "job.started week 2026-W47"
    assert (told["period"], told["reportDate"]) == ("week", "2026-11-16")


def test_a_failure_is_an_error_and_a_repeated_request_a_warning(stream: io.StringIO) -> None:
    set_up_logs(LogLevel.WARNING, LogFormat.JSON, stream)
    sink = LogMetricsSink()
    sink.emit(CloseStarted(run=run_of(), at=AT, dry_run=False))
    sink.emit(
        RequestFailed(
            run=run_of(),
            at=AT,
            operation="find",
            attempt=1,
            reason="timeout",
            status=None,
            wait_seconds=0.5,
        )
    )
    sink.emit(
        CloseFailed(
            run=run_of(),
            at=AT,
            dry_run=False,
            outcome=Outcome.UNAVAILABLE,
            code="x",
            orders=None,
            duration_ms=1.0,
        )
    )
    told = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [(entry["level"], entry["event"]) for entry in told] == [
        ("WARNING", "request.failed"),
        ("ERROR", "job.failed"),
    ]


@pytest.mark.parametrize(
    ("event", "level"),
    [
        (StepStarted(run=run_of(), at=AT, step=Step.READ), "DEBUG"),
        (RequestAnswered(run=run_of(), at=AT, operation="find", attempt=1, status=404), "DEBUG"),
        (StepFailed(run=run_of(), at=AT, step=Step.READ, code="x", duration_ms=1), "WARNING"),
        (SealsUnreadable(run=run_of(), at=AT, code="state_locked"), "WARNING"),
        (
            RuleBroken(run=run_of(), at=AT, rule=Rule.EMPTY_ORDER, action=Action.WARN, count=2),
            "WARNING",
        ),
    ],
    ids=lambda value: value.name if isinstance(value, Event) else value,
)
def test_what_goes_well_within_a_close_is_for_debugging_and_the_rest_a_warning(
    stream: io.StringIO, event: Event, level: str
) -> None:
    set_up_logs(LogLevel.DEBUG, LogFormat.JSON, stream)
    LogMetricsSink().emit(event)
    told = json.loads(stream.getvalue())
    assert (told["level"], told["event"]) == (level, event.name)


@pytest.mark.parametrize(
    ("event", "level", "message"),
    [
        (job_events.decided(Decision.RAN), "INFO", "daily-close 2026-11-22T05:00:00+00:00 RAN"),
        (job_events.decided(Decision.SKIPPED), "INFO", None),
        (job_events.decided(Decision.SUPERSEDED), "DEBUG", None),
        (job_events.decided(Decision.MISSED), "ERROR", None),
        *(
            (event, level, None)
            for event, level in zip(
                job_events.of_jobs()[1:],
                (
                    *("INFO", "DEBUG", "WARNING", "INFO", "INFO", "INFO", "INFO", "ERROR"),
                    *("WARNING", "ERROR", "ERROR", "ERROR", "WARNING", "WARNING"),
                    *("WARNING", "INFO", "INFO", "DEBUG", "WARNING"),
                    *("DEBUG", "WARNING", "ERROR"),
                ),
                strict=True,
            )
        ),
    ],
    ids=lambda value: value.name if isinstance(value, Event) else None,
)
def test_what_goes_on_around_closes_is_as_loud_as_it_is_bad(
    stream: io.StringIO, event: Event, level: str, message: str | None
) -> None:
    set_up_logs(LogLevel.DEBUG, LogFormat.JSON, stream)
    LogMetricsSink().emit(event)
    told = json.loads(stream.getvalue())
    assert (told["level"], told["event"]) == (level, event.name)
    assert told["message"].startswith(event.name)
    assert message is None or message in told["message"]


def test_an_overdue_day_is_named_with_what_keeps_it(stream: io.StringIO) -> None:
    set_up_logs(LogLevel.ERROR, LogFormat.JSON, stream)
    why = "its run r1 is a dead letter (orders_rejected)"
    LogMetricsSink().emit(DayOverdue(run=run_of(), at=AT, day=date(2026, 11, 20), why=why))
    told = json.loads(stream.getvalue())
    assert told["message"] == "day.overdue 2026-11-20"
    assert (told["day"], told["why"], told["reportDate"]) == ("2026-11-20", why, "2026-11-21")


@pytest.mark.parametrize(
    ("verdict", "level"),
    [
        (Verdict.EQUAL, "DEBUG"),
        (Verdict.UNKNOWN, "WARNING"),
        (Verdict.CHANGED, "ERROR"),
        (Verdict.MISSING, "ERROR"),
    ],
)
def test_a_verification_is_as_loud_as_its_verdict(
    stream: io.StringIO, verdict: Verdict, level: str
) -> None:
    set_up_logs(LogLevel.DEBUG, LogFormat.JSON, stream)
    LogMetricsSink().emit(PeriodVerified(run=run_of(), at=AT, verdict=verdict, found="orders"))
    told = json.loads(stream.getvalue())
    assert told["message"] == f"period.verified 2026-11-21 {verdict}"
    assert (told["level"], told["verdict"], told["found"]) == (level, verdict, "orders")


def test_a_missing_report_of_a_period_that_nobody_knows_to_be_closed_is_no_error(
    stream: io.StringIO,
) -> None:
    set_up_logs(LogLevel.DEBUG, LogFormat.JSON, stream)
    asked = PeriodVerified(
        run=run_of(), at=AT, verdict=Verdict.MISSING, found="none", known_closed=False
    )
    LogMetricsSink().emit(asked)
    LogMetricsSink().emit(replace(asked, verdict=Verdict.CONFLICT))
    levels = [json.loads(line)["level"] for line in stream.getvalue().splitlines()]
    assert levels == ["INFO", "ERROR"]


def test_a_decision_is_told_with_its_schedule_its_reason_and_its_run(stream: io.StringIO) -> None:
    set_up_logs(LogLevel.INFO, LogFormat.JSON, stream)
    LogMetricsSink().emit(replace(job_events.decided(Decision.RAN), run_id="run-7"))
    told = json.loads(stream.getvalue())
    assert (told["schedule"], told["decision"]) == ("daily-close", "RAN")
    assert (told["reason"], told["runId"]) == ("it was due", "run-7")
    assert told["nominal"] == "2026-11-22T05:00:00+00:00"


@pytest.mark.parametrize("log_format", list(LogFormat))
def test_a_name_with_control_characters_forges_no_line(
    stream: io.StringIO, log_format: LogFormat
) -> None:
    set_up_logs(LogLevel.INFO, log_format, stream)
    LogMetricsSink().emit(CloseStarted(run=run_of(NASTY), at=AT, dry_run=False))
    text = stream.getvalue()
    assert text.count("\n") == 1
    assert text.isascii()
    assert all(character.isprintable() for character in text.rstrip("\n"))
    if log_format is LogFormat.JSON:
        assert json.loads(text)["tenant"] == NASTY


def test_a_log_that_cant_be_written_changes_nothing() -> None:
    closed = io.StringIO()
    closed.close()
    set_up_logs(LogLevel.INFO, LogFormat.JSON, closed)
    LogMetricsSink().emit(CloseStarted(run=run_of(), at=AT, dry_run=False))


def test_libraries_own_log_lines_go_nowhere(
    stream: io.StringIO, capfd: pytest.CaptureFixture[str]
) -> None:
    set_up_logs(LogLevel.DEBUG, LogFormat.JSON, stream)
    logging.getLogger("httpx").error("GET https://user:secret@host")
    assert stream.getvalue() == ""
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("decision", "level"),
    [("RAN", "INFO"), ("SKIPPED", "INFO"), ("MISSED", "ERROR"), ("SUPERSEDED", "DEBUG")],
)
def test_a_decision_is_told_by_what_it_means_to_people(
    decision: str, level: str, stream: io.StringIO
) -> None:
    set_up_logs(LogLevel.DEBUG, LogFormat.JSON, stream)
    LogMetricsSink().emit(
        OccurrenceDecided(
            at=AT,
            schedule="daily-close",
            nominal=AT,
            decision=Decision(decision),
            reason="it was due",
            run_id=None,
        )
    )

    (line,) = stream.getvalue().splitlines()
    assert (json.loads(line)["level"], json.loads(line)["decision"]) == (level, decision)


def test_a_line_says_whether_a_close_or_its_night_is_meant(stream: io.StringIO) -> None:
    set_up_logs(LogLevel.INFO, LogFormat.JSON, stream)
    for job in (JobKind.NIGHT, JobKind.CLOSE):
        LogMetricsSink().emit(JobSentToDlq(run=run_of(), at=AT, job=job, attempts=1, code="defect"))

    assert [json.loads(line)["message"] for line in stream.getvalue().splitlines()] == [
        "job.sent_to_dlq night of 2026-11-21",
        "job.sent_to_dlq close of 2026-11-21",
    ]
