"""The ``dead-letters`` and ``audit`` commands over a state in memory."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from aegis_batch.domain.run import RunState
from tests.unit.adapters.inbound.cli.ledger_services import LedgerServices, record_of


@pytest.fixture
def dead(ledger: LedgerServices) -> LedgerServices:
    """Services with two dead letters, of two days."""
    ledger.bury("run-old", date(2026, 11, 20))
    ledger.clock.advance(timedelta(minutes=1))
    ledger.bury("run-new")
    return ledger


def _listed(services: LedgerServices, *options: str) -> list[str]:
    told = services.tell("dead-letters", "list", "--output", "json", *options).json
    return [letter["runId"] for letter in told["deadLetters"]]


def test_open_dead_letters_are_listed_the_last_to_die_first(dead: LedgerServices) -> None:
    lines = dead.tell("dead-letters", "list").out.splitlines()

    assert [line.rpartition(" ")[2] for line in lines[1:]] == ["run-new", "run-old"]
    assert "2026-11-21  close  open   conflict  2      2026-11-22 15:01  11-22 12:01" in lines[1]
    assert _listed(dead, "--limit", "1") == ["run-new"]
    assert "there may be more" in dead.tell("dead-letters", "list", "--limit", "1").out


def test_no_dead_letter_is_worth_a_line(ledger: LedgerServices) -> None:
    assert ledger.tell("dead-letters", "list").out == "There is no dead letter that is open.\n"
    assert (
        ledger.tell("dead-letters", "list", "--status", "all").out == "There is no dead letter.\n"
    )


def test_a_dead_letter_is_shown_with_its_error_and_what_can_be_done(dead: LedgerServices) -> None:
    told = dead.tell("dead-letters", "show", "run-new")

    assert "died      2026-11-22 15:01:00 UTC  (12:01:00-03:00 America/Sao_Paulo)" in told.out
    assert "Another report\\x1b[2J is there." in told.out
    assert "aegis-batch dead-letters replay run-new --reason" in told.out
    as_json = dead.tell("dead-letters", "show", "run-new", "--output", "json").json
    assert as_json["deadLetter"]["error"]["code"] == "conflict"


def test_a_replay_starts_one_run_however_often_it_is_asked_for(dead: LedgerServices) -> None:
    replay = ["dead-letters", "replay", "run-new", "--reason", "it is mended"]
    first = dead.tell(*replay, "--output", "json").json["decided"]
    again = dead.tell(*replay)
    new_id = first[0]["deadLetter"]["replayedAs"]
    runs = dead.tell("runs", "--status", "queued", "--output", "json").json["runs"]

    assert [decided["isNew"] for decided in first] == [True]
    assert [(run["id"], run["replayOf"], run["trigger"]) for run in runs] == [
        (new_id, "run-new", "replay")
    ]
    assert dead.queue.lost([f"{new_id}#1"]) == []
    assert again.status == 0
    assert f"was replayed as {new_id} before, by maria (it is mended)" in again.out
    assert _listed(dead) == ["run-old"]
    assert _listed(dead, "--status", "replayed") == ["run-new"]
    assert "now run   " + new_id in dead.tell("dead-letters", "show", "run-new").out


def test_one_that_can_not_be_replayed_leaves_the_others_as_they_are(dead: LedgerServices) -> None:
    told = dead.tell("dead-letters", "replay", "run-new", "nope", "--reason", "r")

    assert told.status == 2
    assert "There is no dead letter nope." in told.err
    assert _listed(dead) == ["run-new", "run-old"]
    assert dead.tell("audit").out == "Nothing has been done by hand yet.\n"


def test_one_named_twice_is_replayed_once(dead: LedgerServices) -> None:
    told = dead.tell("dead-letters", "replay", "run-new", "run-new", "--reason", "r")

    assert len(told.out.splitlines()) == 1
    assert "replayed as" in told.out


def test_several_are_discarded_at_once_and_only_once(dead: LedgerServices) -> None:
    discard = ["dead-letters", "discard", "run-new", "run-old", "--reason", "shut\x1b[2J"]
    first = dead.tell(*discard)
    again = dead.tell(*discard)
    replayed = dead.tell("dead-letters", "replay", "run-new", "--reason", "r")

    assert first.out == (
        "2026-11-21  close  run-new  discarded\n2026-11-20  close  run-old  discarded\n"
    )
    assert "was discarded before, by maria (shut\\x1b[2J): nothing is changed" in again.out
    assert (replayed.status, "was discarded by maria" in replayed.err) == (2, True)
    shown = dead.tell("dead-letters", "show", "run-new").out
    assert "reason    shut\\x1b[2J\n" in shown
    assert "--reason ..." not in shown
    assert _listed(dead, "--status", "all") == ["run-new", "run-old"]


def test_a_day_that_is_under_way_is_not_replayed(dead: LedgerServices) -> None:
    dead.keep(replace(record_of("run-going"), state=RunState.WAITING))

    told = dead.tell("dead-letters", "replay", "run-new", "--reason", "r", "--output", "json")

    assert (told.status, told.json["error"]["code"]) == (2, "day_in_flight")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["show", "nope"], "unknown_dead_letter"),
        (["replay", "nope", "--reason", "r"], "unknown_dead_letter"),
        (["discard", "nope", "--reason", "r"], "unknown_dead_letter"),
        (["replay", "run-new", "--reason", " "], "reason_missing"),
        (["discard", "run-new", "--reason", ""], "reason_missing"),
        (["replay", "run-new"], "invalid_command"),
        (["discard", "run-new"], "invalid_command"),
        (["replay", "--reason", "r"], "invalid_command"),
        (["discard", *map(str, range(101)), "--reason", "r"], "invalid_command"),
        (["list", "--status", "odd"], "invalid_command"),
    ],
    ids=lambda value: " ".join(value[:4]) if isinstance(value, list) else value,
)
def test_what_makes_no_sense_is_refused_with_a_remedy(
    dead: LedgerServices, arguments: list[str], code: str
) -> None:
    told = dead.tell("dead-letters", *arguments, "--output", "json")

    assert (told.status, told.json["error"]["code"]) == (2, code)
    assert told.json["error"]["remedy"]
    assert _listed(dead) == ["run-new", "run-old"]


def test_the_audit_tells_who_did_what_and_why_newest_first(dead: LedgerServices) -> None:
    dead.tell("dead-letters", "replay", "run-old", "--reason", "mended")
    dead.clock.advance(timedelta(minutes=1))
    dead.tell("dead-letters", "discard", "run-new", "--reason", "gone\x1b[2J")

    lines = dead.tell("audit").out.splitlines()

    assert lines[1].endswith("maria  dead_letter.discard  run-new  gone\\x1b[2J")
    assert lines[2].endswith("maria  dead_letter.replay   run-old  mended")
    assert lines[2].startswith("2026-11-22 15:01:00  11-22 12:01")
    told = dead.tell("audit", "--limit", "1")
    assert "there may be more: --limit 2" in told.out
    assert dead.tell("audit", "--limit", "1", "--output", "json").json == {
        "entries": [
            {
                "at": "2026-11-22T15:02:00Z",
                "operator": "maria",
                "action": "dead_letter.discard",
                "subject": "run-new",
                "reason": "gone\x1b[2J",
                "origin": None,
            }
        ],
        "limit": 1,
    }


def test_a_shell_completes_the_open_dead_letters(
    dead: LedgerServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    dead.tell("dead-letters", "discard", "run-old", "--reason", "r")
    monkeypatch.setenv("_AEGIS_BATCH_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", "aegis-batch dead-letters replay run-")
    monkeypatch.setenv("COMP_CWORD", "3")

    assert dead.tell().out == "plain,run-new\n"
