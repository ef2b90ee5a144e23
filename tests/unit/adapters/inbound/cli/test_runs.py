"""The ``runs`` command over a state in memory."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from aegis_batch.domain.errors import StateMisfit, StateUnavailable
from aegis_batch.domain.outcome import Outcome
from aegis_batch.domain.run import RunState
from aegis_batch.domain.run_record import TimelineEntry
from tests.unit.adapters.inbound.cli.ledger_services import (
    DAY,
    PROBLEM,
    SEAL,
    LedgerServices,
    record_of,
)

STARTED_AT = datetime(2026, 11, 22, 5, 0, 4, tzinfo=UTC)
ENDED_AT = datetime(2026, 11, 22, 5, 0, 6, tzinfo=UTC)
CLOSED = replace(
    record_of("run-closed"),
    state=RunState.SUCCEEDED,
    outcome=Outcome.CREATED,
    attempt=1,
    schedule="daily-close",
    parent="run-night",
    nominal=datetime(2026, 11, 22, 5, tzinfo=UTC),
    started_at=STARTED_AT,
    ended_at=ENDED_AT,
    executor="machine-1",
    orders=1234,
    seal=SEAL,
    duration_ms=1999.96,
    cpu_seconds=0.25,
    peak_memory_bytes=64 * 1024 * 1024,
)


def test_a_ledger_without_runs_says_so(ledger: LedgerServices) -> None:
    told = ledger.tell("runs")

    assert (told.status, told.out, told.err) == (0, "No run is known yet.\n", "")
    assert ledger.tell("runs", "--status", "failed").out == "No run is known of that kind.\n"


def test_runs_are_listed_newest_first_in_utc_and_in_the_zone(ledger: LedgerServices) -> None:
    ledger.keep(CLOSED)
    later = replace(record_of("run-later"), enqueued_at=ENDED_AT, problem=PROBLEM)
    ledger.keep(later)

    lines = ledger.tell("runs").out.splitlines()

    assert lines[0].split("  ")[0] == "day"
    assert [line.rpartition(" ")[2] for line in lines[1:]] == ["run-later", "run-closed"]
    assert "queued     conflict" in lines[1]
    assert "close  succeeded  created" in lines[2]
    assert "2026-11-22 05:00  11-22 02:00" in lines[2]


def test_a_narrow_terminal_has_the_id_whole_on_a_line_of_its_own(
    ledger: LedgerServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "70")
    ledger.keep(CLOSED)

    lines = ledger.tell("runs").out.splitlines()

    assert lines[1::2] == ["  run", "  run-closed"]
    assert max(map(len, lines)) <= 70


def test_a_list_holds_only_what_is_asked_for(ledger: LedgerServices) -> None:
    ledger.keep(CLOSED)
    ledger.keep(replace(record_of("run-other", date(2026, 11, 20)), state=RunState.WAITING))

    def listed(*options: str) -> list[str]:
        return [run["id"] for run in ledger.tell("runs", "--output", "json", *options).json["runs"]]

    assert sorted(listed()) == ["run-closed", "run-other"]
    assert listed("--status", "waiting") == ["run-other"]
    assert sorted(listed("--status", "waiting", "--status", "succeeded")) == [
        "run-closed",
        "run-other",
    ]
    assert listed("--date", DAY.isoformat()) == ["run-closed"]
    assert listed("--date", DAY.isoformat(), "--status", "waiting") == []
    assert len(listed("--limit", "1")) == 1


def test_a_list_that_is_cut_off_says_how_to_see_more(ledger: LedgerServices) -> None:
    ledger.keep(CLOSED)

    assert "there may be more: --limit 2" in ledger.tell("runs", "--limit", "1").out
    assert "there may be more" not in ledger.tell("runs", "--limit", "2").out


def test_a_run_tells_all_that_is_known_of_it_as_one_object(ledger: LedgerServices) -> None:
    ledger.keep(CLOSED)
    with ledger.state.turn() as turn:
        turn.timeline.add([TimelineEntry(CLOSED.id, STARTED_AT, "job.started", "dry_run=False")])

    told = ledger.tell("runs", "show", CLOSED.id, "--output", "json")

    assert '"itemsSold":12345678901234567890.5' in told.out
    assert told.json["timeline"] == [
        {"at": "2026-11-22T05:00:04Z", "event": "job.started", "text": "dry_run=False"}
    ]
    assert told.json["deadLetter"] is None
    run = told.json["run"]
    assert (run["state"], run["outcome"], run["error"]) == ("succeeded", "created", None)
    assert (run["date"], run["period"], run["tenant"]) == ("2026-11-21", "day", "default")
    assert (run["nominal"], run["parent"]) == ("2026-11-22T05:00:00Z", "run-night")
    assert (run["durationMs"], run["cpuSeconds"]) == (2000.0, 0.25)
    assert run["seal"]["totalsDigest"] == "sha256:aa"
    assert set(run["window"]) == {"start", "end"}


def test_a_run_is_shown_with_its_evidence_and_its_timeline(ledger: LedgerServices) -> None:
    ledger.keep(CLOSED)
    with ledger.state.turn() as turn:
        turn.timeline.add([TimelineEntry(CLOSED.id, STARTED_AT, "job.started", "by\x1b[2J")])

    told = ledger.tell("runs", "show", CLOSED.id)

    assert "job       close of 2026-11-21\n" in told.out
    assert "nominal   2026-11-22 05:00:00 UTC  (02:00:00-03:00 America/Sao_Paulo)" in told.out
    assert "body    sha256:bb" in told.out
    assert "memory    64 MiB at its peak" in told.out
    assert "2026-11-22 05:00:04.000  11-22 02:00  job.started  by\\x1b[2J" in told.out
    assert "\x1b" not in told.out
    assert "due " not in told.out


def test_a_dead_run_is_shown_with_its_error_and_where_it_is_decided(
    ledger: LedgerServices,
) -> None:
    ledger.bury("run-dead")

    told = ledger.tell("runs", "show", "run-dead")

    assert "error   conflict\n        Another report\\x1b[2J is there.\n" in told.out
    assert "remedy  Settle it there." in told.out
    assert "aegis-batch dead-letters show run-dead" in told.out
    assert ledger.tell("runs", "show", "run-dead", "--output", "json").json["deadLetter"] == {
        "runId": "run-dead",
        "job": "close",
        "tenant": "default",
        "period": "day",
        "date": "2026-11-21",
        "lastDate": "2026-11-21",
        "state": "open",
        "outcome": "conflict",
        "error": {
            "code": "conflict",
            "message": "Another report\x1b[2J is there.",
            "remedy": "Settle it there.",
            "retryable": False,
        },
        "attempts": 2,
        "diedAt": "2026-11-22T15:00:00Z",
        "decidedBy": None,
        "decidedAt": None,
        "reason": None,
        "replayedAs": None,
    }


def test_an_unknown_run_is_a_wrong_command_with_a_remedy(ledger: LedgerServices) -> None:
    told = ledger.tell("runs", "show", "no\x1b[2Jsuch")

    assert (told.status, told.out) == (2, "")
    assert told.err == (
        "aegis-batch: There is no run no\\x1b[2Jsuch.\n  -> See which there are: aegis-batch runs\n"
    )


@pytest.mark.parametrize("kind", [StateUnavailable, StateMisfit])
@pytest.mark.parametrize(
    "command",
    [
        ["runs"],
        ["runs", "show", "r"],
        ["schedules", "list"],
        ["schedules", "show", "s"],
        ["schedules", "next", "s"],
        ["schedules", "pause", "s", "--note", "n"],
        ["schedules", "resume", "s"],
        ["schedules", "trigger", "s"],
        ["dead-letters", "list"],
        ["dead-letters", "show", "r"],
        ["dead-letters", "replay", "r", "--reason", "n"],
        ["dead-letters", "discard", "r", "--reason", "n"],
        ["audit"],
        ["state", "status"],
        ["state", "migrate"],
        ["state", "backup", "f"],
    ],
    ids=" ".join,
)
def test_a_state_that_cannot_be_used_ends_with_status_7(
    ledger: LedgerServices, kind: type[StateUnavailable], command: list[str]
) -> None:
    ledger.fault = kind("state_x", "It is amiss.", "Mend it.")

    told = ledger.tell(*command)
    as_json = ledger.tell(*command, "--output", "json")

    assert (told.status, told.out) == (7, "")
    assert told.err == "aegis-batch: It is amiss.\n  -> Mend it.\n"
    assert as_json.status == 7
    assert as_json.json == {
        "error": {
            "code": "state_x",
            "message": "It is amiss.",
            "remedy": "Mend it.",
            "retryable": kind is StateUnavailable,
        }
    }


def test_a_defect_is_one_object_too_where_one_was_asked_for(ledger: LedgerServices) -> None:
    ledger.fault = RuntimeError("secret inside")

    told = ledger.tell("runs", "--output=json")

    assert (told.status, told.json["error"]["code"]) == (70, "defect")
    assert "secret inside" not in told.out


@pytest.mark.parametrize(
    "arguments",
    [
        ["--date", "2026-11-31"],
        ["--date", "20261121"],
        ["--status", "odd"],
        ["--limit", "0"],
        ["--limit", "1001"],
        ["--limit", "x"],
        ["--no-such-option"],
        ["show"],
        ["--limit", "3", "show", "run-1"],
    ],
    ids=" ".join,
)
def test_a_wrong_command_is_told_as_asked(ledger: LedgerServices, arguments: list[str]) -> None:
    in_text = ledger.tell("runs", *arguments)
    as_json = ledger.tell("runs", *arguments, "--output", "json")

    assert (in_text.status, in_text.out) == (2, "")
    assert "--help" in in_text.err
    assert (as_json.status, as_json.json["error"]["code"]) == (2, "invalid_command")
