"""The ``schedules`` command over a state in memory."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from aegis_batch.application.firing import FireDueUseCase
from aegis_batch.domain.errors import StateUnavailable
from aegis_batch.domain.run import JobKind, RunState
from aegis_batch.domain.schedule import Overlap, Schedule, ScheduleKind, Timing
from tests.unit.adapters.inbound.cli.ledger_services import DAILY, NOW, LedgerServices

HOURLY = Schedule(
    "hourly", JobKind.DEADLINE, Timing(ScheduleKind.FIXED_RATE, every=timedelta(hours=1))
)
AFTER = Schedule(
    "after", JobKind.DEADLINE, Timing(ScheduleKind.FIXED_DELAY, every=timedelta(hours=1))
)
ONCE = Schedule(
    "once",
    JobKind.DEADLINE,
    Timing(ScheduleKind.ONE_TIME, at=NOW + timedelta(hours=1)),
    jitter_max_seconds=60,
)


@pytest.fixture
def scheduled(ledger: LedgerServices) -> LedgerServices:
    """Services that know four schedules, one of each kind."""
    ledger.control.sync([DAILY, HOURLY, AFTER, ONCE])
    return ledger


def _fire(services: LedgerServices, at: datetime) -> None:
    services.clock.set(at)
    FireDueUseCase(services.ledger, services.firing).fire()


def test_schedules_are_listed_by_name_with_their_next_firing(scheduled: LedgerServices) -> None:
    lines = scheduled.tell("schedules", "list").out.splitlines()

    assert [line.split("  ")[0] for line in lines[1:]] == ["after", "daily-close", "hourly", "once"]
    assert "2026-11-23 05:00  11-23 02:00  active  0 0 2 * * * in America/Sao_Paulo" in lines[2]
    assert lines[1].endswith("1 h after the end of its last run")
    assert lines[3].endswith("every 1 h")
    assert lines[4].endswith("once, at 2026-11-22 16:00:00 UTC")


@pytest.mark.parametrize(
    ("every", "told"),
    [
        (timedelta(days=1, hours=12), "every 1 day 12 h"),
        (timedelta(days=7), "every 7 days"),
        (timedelta(minutes=90), "every 1 h 30 min"),
        (timedelta(seconds=90), "every 1 min 30 s"),
        (timedelta(seconds=0.25), "every 0.25 s"),
    ],
)
def test_a_rate_is_told_in_its_units(ledger: LedgerServices, every: timedelta, told: str) -> None:
    ledger.control.sync([replace(HOURLY, timing=Timing(ScheduleKind.FIXED_RATE, every=every))])

    assert f"rule      {told}\n" in ledger.tell("schedules", "show", "hourly").out


def test_a_state_without_schedules_says_who_makes_them(ledger: LedgerServices) -> None:
    told = ledger.tell("schedules", "list")

    assert (told.status, told.err) == (0, "")
    assert "serve makes them" in told.out
    assert ledger.tell("schedules", "list", "--output", "json").json == {"schedules": []}


def test_a_list_for_programs_holds_every_rule(scheduled: LedgerServices) -> None:
    listed = scheduled.tell("schedules", "list", "--output", "json").json["schedules"]

    assert [s["kind"] for s in listed] == ["FIXED_DELAY", "CRON", "FIXED_RATE", "ONE_TIME"]
    assert listed[1] == {
        "name": "daily-close",
        "job": "night",
        "kind": "CRON",
        "cron": "0 0 2 * * *",
        "zone": "America/Sao_Paulo",
        "everySeconds": None,
        "at": None,
        "overlap": "SKIP",
        "catchUpSeconds": 604_800.0,
        "jitterMaxSeconds": 0,
        "newestOnly": True,
        "nextAt": "2026-11-23T05:00:00Z",
        "decidedUntil": None,
        "pause": None,
        "isRetired": False,
    }
    assert (listed[2]["everySeconds"], listed[3]["at"]) == (3_600.0, "2026-11-22T16:00:00Z")


def test_a_schedule_is_shown_with_what_was_decided(scheduled: LedgerServices) -> None:
    assert (
        "No nominal time has been decided yet." in scheduled.tell("schedules", "show", "once").out
    )
    _fire(scheduled, datetime(2026, 11, 25, 5, 0, 1, tzinfo=UTC))

    told = scheduled.tell("schedules", "show", "daily-close")
    as_json = scheduled.tell("schedules", "show", "daily-close", "--output", "json").json

    assert "catch-up  what is late by more than 7 days is missed" in told.out
    assert "late      only the newest of several runs" in told.out
    assert "decided   2026-11-25 05:00:00 UTC  (02:00:00-03:00 America/Sao_Paulo)" in told.out
    assert "2026-11-24 05:00:00  11-24 02:00  SUPERSEDED" in told.out
    assert [o["decision"] for o in as_json["occurrences"]] == ["RAN", "SUPERSEDED", "SUPERSEDED"]
    assert as_json["occurrences"][0]["nominal"] == "2026-11-25T05:00:00Z"
    assert as_json["occurrences"][0]["runId"] in told.out
    assert as_json["occurrences"][1]["reason"] == "a later firing does its work too"
    assert as_json["schedule"]["nextAt"] == "2026-11-26T05:00:00Z"


def test_a_schedule_that_is_retired_is_shown_with_its_decisions(scheduled: LedgerServices) -> None:
    _fire(scheduled, datetime(2026, 11, 25, 5, 0, 1, tzinfo=UTC))
    scheduled.control.sync([HOURLY])

    told = scheduled.tell("schedules", "show", "daily-close")
    as_json = scheduled.tell("schedules", "show", "daily-close", "--output", "json").json
    fixed_delay = scheduled.tell("schedules", "show", "after")
    listed = scheduled.tell("schedules", "list", "--output", "json").json["schedules"]

    assert "retired   the settings have it no more" in told.out
    assert "next      none: no firing is to come" in told.out
    assert "2026-11-24 05:00:00  11-24 02:00  SUPERSEDED" in told.out
    assert (as_json["schedule"]["isRetired"], len(as_json["occurrences"])) == (True, 3)
    assert "none: no firing is to come" in fixed_delay.out
    assert [schedule["name"] for schedule in listed] == ["hourly"]
    assert (
        "unknown_schedule"
        in scheduled.tell("schedules", "trigger", "daily-close", "--output", "json").out
    )


def test_next_firings_are_told_in_utc_and_with_their_offset_in_the_zone(
    scheduled: LedgerServices,
) -> None:
    told = scheduled.tell("schedules", "next", "daily-close", "--count", "2")
    as_json = scheduled.tell(
        "schedules", "next", "daily-close", "--count", "1", "--output", "json"
    ).json

    assert told.out == (
        "2026-11-23 05:00:00 UTC  (02:00:00-03:00 America/Sao_Paulo)\n"
        "2026-11-24 05:00:00 UTC  (02:00:00-03:00 America/Sao_Paulo)\n"
    )
    assert as_json == {
        "schedule": "daily-close",
        "zone": "America/Sao_Paulo",
        "next": [{"nominal": "2026-11-23T05:00:00Z", "local": "2026-11-23T02:00:00-03:00"}],
        "pause": None,
    }
    assert len(scheduled.tell("schedules", "next", "daily-close").out.splitlines()) == 5


def test_the_zone_of_a_schedule_counts_and_not_the_calendars(ledger: LedgerServices) -> None:
    timing = Timing(ScheduleKind.CRON, cron="30 9 * * *", zone="Asia/Kolkata")
    ledger.control.sync([replace(DAILY, name="kolkata", timing=timing)])

    told = ledger.tell("schedules", "next", "kolkata", "--count", "1")

    assert told.out == "2026-11-23 04:00:00 UTC  (09:30:00+05:30 Asia/Kolkata)\n"
    assert "11-23 09:30" in ledger.tell("schedules", "list").out


def test_what_can_not_be_foreseen_is_said(scheduled: LedgerServices) -> None:
    assert "depend on when its run ends" in scheduled.tell("schedules", "next", "after").out
    scheduled.clock.advance(timedelta(hours=2))
    assert "has come, and is not decided" in scheduled.tell("schedules", "next", "once").out
    assert "it has come, and serve decides it" in scheduled.tell("schedules", "show", "once").out
    _fire(scheduled, NOW + timedelta(hours=2))

    assert scheduled.tell("schedules", "next", "once").out == "none: no firing is to come\n"
    assert "counted from the end" in scheduled.tell("schedules", "next", "after").out
    shown = scheduled.tell("schedules", "show", "once").out
    assert "jitter    up to 60 s" in shown


def test_pausing_skips_firings_until_it_is_resumed(scheduled: LedgerServices) -> None:
    note = "stock-taking\x1b[2J"

    paused = scheduled.tell("schedules", "pause", "daily-close", "--note", note)
    coming = scheduled.tell("schedules", "next", "daily-close", "--count", "1").out
    _fire(scheduled, datetime(2026, 11, 23, 5, 0, 1, tzinfo=UTC))
    shown = scheduled.tell("schedules", "show", "daily-close").out
    resumed = scheduled.tell("schedules", "resume", "daily-close", "--output", "json")
    audit = scheduled.tell("audit", "--output", "json").json["entries"]

    assert (paused.status, paused.out) == (
        0,
        "daily-close is paused; to go on: aegis-batch schedules resume daily-close\n",
    )
    assert "by maria since 2026-11-22 15:00:00 UTC" in coming
    assert "each of these is skipped" in coming
    assert "SKIPPED" in shown
    assert "paused by maria: stock-taking\\x1b[2J" in shown
    assert (resumed.status, resumed.json["schedule"]["pause"]) == (0, None)
    assert [(e["action"], e["operator"], e["reason"]) for e in audit] == [
        ("schedule.resume", "maria", ""),
        ("schedule.pause", "maria", note),
    ]


def test_pausing_for_programs_tells_who_and_why(scheduled: LedgerServices) -> None:
    told = scheduled.tell("schedules", "pause", "once", "--note", "no", "--output", "json")

    assert told.json["schedule"]["pause"] == {
        "by": "maria",
        "at": "2026-11-22T15:00:00Z",
        "note": "no",
    }
    assert "paused" in scheduled.tell("schedules", "list").out


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["show", "nope"], "unknown_schedule"),
        (["next", "nope"], "unknown_schedule"),
        (["pause", "nope", "--note", "n"], "unknown_schedule"),
        (["pause", "once", "--note", " "], "note_missing"),
        (["pause", "once"], "invalid_command"),
        (["resume", "nope"], "unknown_schedule"),
        (["resume", "once"], "not_paused"),
        (["trigger", "nope"], "unknown_schedule"),
        (["trigger", "nope", "--at", "2026-11-22T05:00:00Z"], "unknown_schedule"),
        (["trigger", "daily-close", "--at", "yesterday"], "invalid_instant"),
        (["trigger", "daily-close", "--at", "2018-11-04T00:30"], "skipped_time"),
        (["trigger", "daily-close", "--at", "2026-11-23T05:00:00Z"], "still_to_come"),
        (["trigger", "daily-close", "--at", "2026-11-22T05:00:01Z"], "no_nominal_time"),
        (["trigger", "daily-close", "--at", "2026-11-22T06:00:00Z"], "no_nominal_time"),
        (["trigger", "hourly", "--at", "2026-11-22T14:59:59Z"], "no_nominal_time"),
        (["trigger", "after", "--at", "2026-11-22T15:00:00Z"], "no_nominal_time"),
        (["trigger", "once", "--at", "2026-11-22T15:00:00Z"], "no_nominal_time"),
        (["next", "once", "--count", "0"], "invalid_command"),
        (["next", "once", "--count", "1001"], "invalid_command"),
        ([], "invalid_command"),
        (["nope"], "invalid_command"),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_remedy(
    scheduled: LedgerServices, arguments: list[str], code: str
) -> None:
    told = scheduled.tell("schedules", *arguments, "--output", "json")

    assert (told.status, told.json["error"]["code"]) == (2, code)
    assert told.json["error"]["remedy"]


def test_a_schedule_that_is_paused_is_not_paused_again(scheduled: LedgerServices) -> None:
    scheduled.tell("schedules", "pause", "once", "--note", "first")

    told = scheduled.tell("schedules", "pause", "once", "--note", "second")

    assert told.status == 2
    assert "was paused by maria: first" in told.err
    assert "aegis-batch schedules resume once" in told.err


def test_a_trigger_queues_a_run_by_hand(scheduled: LedgerServices) -> None:
    told = scheduled.tell("schedules", "trigger", "daily-close")
    run_id = told.out.split()[4]
    run = scheduled.tell("runs", "show", run_id, "--output", "json").json["run"]

    assert told.status == 0
    assert f"run {run_id} waits, and a process that serves carries it out" in told.out
    assert (run["state"], run["trigger"], run["requestedBy"]) == ("queued", "hand", "maria")
    assert (run["job"], run["date"], run["schedule"]) == ("night", "2026-11-21", "daily-close")
    assert scheduled.queue.lost([f"{run_id}#1"]) == []
    (entry,) = scheduled.tell("audit", "--output", "json").json["entries"]
    assert (entry["action"], entry["subject"]) == ("schedule.trigger", "daily-close")


def test_a_trigger_while_a_run_goes_on_is_refused_or_held_as_the_policy_says(
    ledger: LedgerServices,
) -> None:
    ledger.control.sync([DAILY, replace(DAILY, name="buffered", overlap=Overlap.BUFFER_ONE)])
    for name in ("daily-close", "buffered"):
        ledger.tell("schedules", "trigger", name)
    ledger.clock.advance(timedelta(seconds=1))

    refused = ledger.tell("schedules", "trigger", "daily-close", "--output", "json")
    held = ledger.tell("schedules", "trigger", "buffered")
    states = [run["state"] for run in ledger.tell("runs", "--output", "json").json["runs"]]

    assert (refused.status, refused.json["error"]["code"]) == (2, "run_goes_on")
    assert "waits behind the run before it" in held.out
    assert states == [RunState.HELD, RunState.QUEUED, RunState.QUEUED]


@pytest.mark.parametrize("at", ["2026-11-22T05:00:00Z", "2026-11-22T02:00", "2026-11-22 02:00:00"])
def test_a_nominal_time_is_triggered_once_however_it_is_written(
    scheduled: LedgerServices, at: str
) -> None:
    first = scheduled.tell("schedules", "trigger", "daily-close", "--at", at, "--output", "json")
    again = scheduled.tell("schedules", "trigger", "daily-close", "--at", "2026-11-22T05:00:00Z")

    assert first.json["run"]["nominal"] == "2026-11-22T05:00:00Z"
    assert again.status == 2
    assert "is decided: RAN" in again.err
    assert len(scheduled.tell("runs", "--output", "json").json["runs"]) == 1


@pytest.mark.parametrize("name", ["daily-close", "hourly", "after", "halves"])
def test_every_nominal_time_that_is_shown_can_be_asked_for_and_is_known_to_be_decided(
    ledger: LedgerServices, name: str
) -> None:
    halves = Timing(ScheduleKind.FIXED_RATE, every=timedelta(seconds=1.5))
    ledger.clock.advance(timedelta(microseconds=123_456))
    ledger.control.sync([DAILY, HOURLY, AFTER, replace(HOURLY, name="halves", timing=halves)])
    run_id = ledger.tell("schedules", "trigger", name).out.split()[4]
    ledger.clock.advance(timedelta(hours=2, microseconds=1))
    _fire(ledger, ledger.clock.now())

    view = ledger.tell("schedules", "show", name).out.splitlines()
    run = ledger.tell("runs", "show", run_id).out.splitlines()
    cells = [line.split("  ")[0] for line in view[view.index("") + 2 :]]
    shown = [line.partition("  (")[0].split(maxsplit=1)[1] for line in run if "nominal " in line]
    shown += [f"{cell} UTC" for cell in cells]
    assert len(shown) >= 2

    for at in shown:
        told = ledger.tell("schedules", "trigger", name, "--at", at)
        assert (told.status, "is decided: " in told.err) == (2, True), (at, told.err)


def test_a_nominal_time_of_any_rule_that_was_never_decided_is_triggered(
    scheduled: LedgerServices,
) -> None:
    hourly = scheduled.tell("schedules", "trigger", "hourly", "--at", "2026-11-22T14:00:00Z")
    _fire(scheduled, NOW + timedelta(hours=2))
    once = scheduled.tell("schedules", "trigger", "once", "--at", "2026-11-22T16:00:00Z")

    assert hourly.status == 0
    assert (once.status, "is decided: RAN" in once.err) == (2, True)


def test_a_shell_completes_the_names_of_schedules(
    scheduled: LedgerServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("_AEGIS_BATCH_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", "aegis-batch schedules show d")
    monkeypatch.setenv("COMP_CWORD", "3")

    assert scheduled.tell().out == "plain,daily-close\n"


def test_a_shell_gets_no_names_where_the_state_can_not_tell(
    ledger: LedgerServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger.fault = StateUnavailable("state_x", "Away.", "Wait.")
    monkeypatch.setenv("_AEGIS_BATCH_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", "aegis-batch schedules show d")
    monkeypatch.setenv("COMP_CWORD", "3")

    told = ledger.tell()

    assert (told.status, told.err) == (0, "")
