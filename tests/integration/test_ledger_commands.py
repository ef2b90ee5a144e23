"""The commands on the ledger, as real processes over a real state."""

import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from aegis_batch.adapters.outbound.state.revisions import HEAD
from aegis_batch.domain.schedule import ScheduleKind, Timing
from tests.integration.ledger_place import DAILY, LedgerPlace
from tests.integration.program import end, start

DAYS = (date(2026, 11, 20), date(2026, 11, 21))
HOURLY = replace(
    DAILY, name="hourly", timing=Timing(ScheduleKind.FIXED_RATE, every=timedelta(hours=1))
)


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state that serve would find in order, without anything in it; to be copied."""
    place = LedgerPlace(tmp_path_factory.mktemp("ledger"))
    place.prepare()
    place.schedule([DAILY, HOURLY])
    return place.file


@pytest.fixture
def place(prepared: Path, tmp_path: Path) -> LedgerPlace:
    """A folder of the test's own, with schedules."""
    place = LedgerPlace(tmp_path)
    place.make(prepared)
    return place


def test_a_state_is_made_looked_at_and_migrated_again_without_harm(tmp_path: Path) -> None:
    place = LedgerPlace(tmp_path / "new" / "folder")
    tmp_path.joinpath("elsewhere").mkdir()
    asked = replace(place, folder=tmp_path / "elsewhere")

    missing = asked.tell("state", "status", AEGIS_STATE_URL=place.settings["AEGIS_STATE_URL"])
    made = asked.tell("state", "migrate", AEGIS_STATE_URL=place.settings["AEGIS_STATE_URL"])
    again = place.tell("state", "migrate", "--output", "json")
    status = place.tell("state", "status", "--output", "json")

    assert missing.status == 7
    assert "state migrate" in missing.err
    assert (made.status, made.out) == (0, f"{place.file} is made, with the schema {HEAD}.\n")
    assert again.told == {
        "file": str(place.file),
        "before": HEAD,
        "revision": HEAD,
        "applied": [],
    }
    assert (status.status, status.told["isCurrent"]) == (0, True)
    assert place.queued() == []


def test_a_state_may_lie_under_any_name_that_a_folder_can_have(tmp_path: Path) -> None:
    place = LedgerPlace(tmp_path / "50% off?mode=ro&x#y" / "a%20b")
    place.folder.mkdir(parents=True)

    made = place.tell("state", "migrate")
    place.schedule([DAILY])
    triggered = place.tell("schedules", "trigger", DAILY.name, "--output", "json")
    listed = place.tell("runs", "--output", "json")

    assert (made.status, triggered.status) == (0, 0), made.err + triggered.err
    assert [run["schedule"] for run in listed.told["runs"]] == [DAILY.name]
    # The ledger and the engine's queue are in the same file, and there is no other.
    assert place.queued() == [f"{listed.told['runs'][0]['id']}#1"]
    assert {path.name.partition("-")[0] for path in tmp_path.rglob("*") if path.is_file()} == {
        "state.db"
    }


@pytest.mark.parametrize(
    "command",
    ["runs", "schedules list", "dead-letters list", "audit", "state backup copy.db"],
)
def test_a_state_that_is_missing_is_said_with_its_remedy_and_never_made(
    tmp_path: Path, command: str
) -> None:
    place = LedgerPlace(tmp_path)

    ended = place.tell(*command.split())

    assert (ended.status, ended.out) == (7, "")
    assert f"There is no state database at {place.file}." in ended.err
    assert "aegis-batch state migrate" in ended.err
    assert list(tmp_path.iterdir()) == []


def _corrupt(place: LedgerPlace) -> None:
    content = bytearray(place.file.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    place.file.write_bytes(content)


def _newer(place: LedgerPlace) -> None:
    with closing(sqlite3.connect(place.file)) as connection, connection:
        connection.execute("UPDATE aegis_schema SET version_num = '9999'")


def _no_database(place: LedgerPlace) -> None:
    place.file.write_bytes(b"these are my holiday photos " * 500)


def _not_ours(place: LedgerPlace) -> None:
    place.file.unlink()
    with closing(sqlite3.connect(place.file)) as connection, connection:
        connection.execute("CREATE TABLE photos (id INTEGER)")


@pytest.mark.parametrize("command", ["runs", "schedules trigger daily-close", "state migrate"])
@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (_corrupt, "state_damaged"),
        (_newer, "state_newer"),
        (_no_database, "state_no_database"),
        (_not_ours, "state_not_ours"),
    ],
)
def test_a_state_that_can_not_be_used_ends_with_status_7_and_stays_as_it_is(
    place: LedgerPlace, spoil: Callable[[LedgerPlace], None], code: str, command: str
) -> None:
    spoil(place)
    before = place.file.read_bytes()

    ended = place.tell(*command.split(), "--output", "json")

    assert (ended.status, ended.told["error"]["code"]) == (7, code)
    assert ended.told["error"]["remedy"]
    assert place.file.read_bytes() == before


def test_a_state_that_stays_locked_is_given_up_in_bounded_time(place: LedgerPlace) -> None:
    with place.locked():
        ended = place.tell("schedules", "trigger", "daily-close", "--output", "json")

    assert (ended.status, ended.told["error"]["code"]) == (7, "state_locked")
    assert ended.told["error"]["retryable"] is True
    assert place.tell("schedules", "trigger", "daily-close").status == 0


@pytest.mark.parametrize(
    "command",
    [
        ("runs",),
        ("runs", "show", "{run}"),
        ("schedules", "list"),
        ("schedules", "show", "daily-close"),
        ("schedules", "next", "daily-close"),
        ("dead-letters", "list"),
        ("dead-letters", "show", "{run}"),
        ("audit",),
        ("state", "status"),
    ],
    ids=" ".join,
)
def test_who_only_looks_waits_for_nobody_who_writes(
    place: LedgerPlace, command: tuple[str, ...]
) -> None:
    [run_id] = place.bury(DAYS[0])

    with place.locked():
        ended = place.tell(*(word.format(run=run_id) for word in command))

    assert (ended.status, ended.err) == (0, "")
    assert ended.out


def test_health_is_told_while_somebody_writes(place: LedgerPlace) -> None:
    with place.locked():
        ended = place.tell("health")

    assert (ended.status, ended.out) == (1, "Nothing has served this state yet.\n")


def test_schedules_are_listed_shown_and_foreseen(place: LedgerPlace) -> None:
    listed = place.tell("schedules", "list")
    shown = place.tell("schedules", "show", "daily-close", "--output", "json")
    coming = place.tell("schedules", "next", "daily-close", "--count", "400", "--output", "json")

    assert re.search(r"^daily-close +night +\S+ 05:00 +\S+ 02:00 +active", listed.out, re.MULTILINE)
    assert shown.told["schedule"]["cron"] == "0 0 2 * * *"
    firings = [firing["local"] for firing in coming.told["next"]]
    assert len(set(firings)) == 400
    assert all(firing.endswith("T02:00:00-03:00") for firing in firings)


def test_a_schedule_is_paused_resumed_and_triggered_and_the_audit_tells(
    place: LedgerPlace,
) -> None:
    paused = place.tell("schedules", "pause", "daily-close", "--note", "stock-taking")
    again = place.tell("schedules", "pause", "daily-close", "--note", "more")
    triggered = place.tell("schedules", "trigger", "daily-close", "--output", "json")
    resumed = place.tell("schedules", "resume", "daily-close", AEGIS_OPERATOR="joão")
    twice = place.tell("schedules", "resume", "daily-close")
    audit = place.tell("audit", "--output", "json")

    run = triggered.told["run"]
    assert [e.status for e in (paused, again, triggered, resumed, twice)] == [0, 2, 0, 0, 2]
    assert "was paused by maria: stock-taking" in again.err
    assert (run["state"], run["trigger"], run["requestedBy"]) == ("queued", "hand", "maria")
    assert place.queued() == [f"{run['id']}#1"]
    assert [(e["operator"], e["action"]) for e in audit.told["entries"]] == [
        ("joão", "schedule.resume"),
        ("maria", "schedule.trigger"),
        ("maria", "schedule.pause"),
    ]


def test_commands_log_what_they_answer_only_where_that_is_asked_for(place: LedgerPlace) -> None:
    [old, new] = place.bury(*DAYS)
    changes = [
        ["schedules", "trigger", "daily-close"],
        ["dead-letters", "replay", old, "--reason", "mended"],
        ["dead-letters", "discard", new, "--reason", "shut"],
    ]

    quiet = [place.tell(*arguments) for arguments in changes]
    told = place.tell("schedules", "trigger", "hourly", AEGIS_LOG_LEVEL="INFO")

    assert [(ended.status, ended.err) for ended in quiet] == [(0, "")] * 3
    assert (told.status, '"event":"job.dispatched"' in told.err) == (0, True), told.err


def test_a_nominal_time_is_decided_once_whoever_asks(place: LedgerPlace) -> None:
    yesterday = datetime.now(UTC).replace(hour=5, minute=0, second=0, microsecond=0)
    yesterday -= timedelta(days=1)
    local = f"{yesterday:%Y-%m-%d}T02:00:00"
    trigger = ["schedules", "trigger", "daily-close", "--output", "json", "--at"]

    both = [start([*trigger, at], place.settings, place.folder) for at in (local, f"{local}-03:00")]
    ended = sorted((end(process) for process in both), key=lambda one: one.status)
    none = place.tell(*trigger, f"{yesterday:%Y-%m-%d}T02:00:01")
    shown = place.tell("schedules", "show", "daily-close", "--output", "json")

    assert [one.status for one in ended] == [0, 2]
    assert ended[1].told["error"]["code"] in ("decided_already", "run_goes_on")
    assert (none.status, none.told["error"]["code"]) == (2, "no_nominal_time")
    assert [o["nominal"] for o in shown.told["occurrences"]] == [f"{yesterday:%Y-%m-%d}T05:00:00Z"]
    assert len(place.queued()) == 1


def test_a_dead_letter_replayed_by_two_people_at_once_makes_one_run(place: LedgerPlace) -> None:
    [old, new] = place.bury(*DAYS)
    replay = ["dead-letters", "replay", new, "--reason", "mended", "--output", "json"]

    listed = place.tell("dead-letters", "list", "--output", "json")
    both = [
        start(replay, {**place.settings, "AEGIS_OPERATOR": who}, place.folder)
        for who in ("maria", "joão")
    ]
    ended = [end(process) for process in both]
    runs = place.tell("runs", "--status", "queued", "--output", "json")
    left = place.tell("dead-letters", "list", "--output", "json")
    audit = place.tell("audit", "--output", "json")

    assert {letter["runId"] for letter in listed.told["deadLetters"]} == {old, new}
    decided = [one.told["decided"][0] for one in ended]
    assert sorted(decision["isNew"] for decision in decided) == [False, True]
    [replayed_as] = {decision["deadLetter"]["replayedAs"] for decision in decided}
    assert [run["id"] for run in runs.told["runs"]] == [replayed_as]
    assert place.queued() == [f"{replayed_as}#1"]
    assert [letter["runId"] for letter in left.told["deadLetters"]] == [old]
    assert len(audit.told["entries"]) == 1


def test_a_dead_letter_is_shown_and_discarded(place: LedgerPlace) -> None:
    [old, new] = place.bury(*DAYS)

    shown = place.tell("dead-letters", "show", old)
    history = place.tell("runs", "show", old)
    discarded = place.tell("dead-letters", "discard", old, new, "--reason", "shut")
    replayed = place.tell("dead-letters", "replay", old, "--reason", "no")
    none = place.tell("dead-letters", "list")

    assert "The Backend holds\\x1b[2J another." in shown.out
    assert "job.sent_to_dlq" in history.out
    assert discarded.out.splitlines() == [
        f"2026-11-20  close  {old}  discarded",
        f"2026-11-21  close  {new}  discarded",
    ]
    assert (replayed.status, "was discarded by maria (shut)" in replayed.err) == (2, True)
    assert none.out == "There is no dead letter that is open.\n"
    assert place.queued() == []


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("runs show nope", "unknown_run"),
        ("schedules show nope", "unknown_schedule"),
        ("dead-letters show nope", "unknown_dead_letter"),
        ("dead-letters replay nope --reason r", "unknown_dead_letter"),
        ("runs --date 2026-02-30", "invalid_command"),
    ],
)
def test_what_is_not_known_is_refused_with_a_remedy(
    place: LedgerPlace, command: str, code: str
) -> None:
    ended = place.tell(*command.split(), "--output", "json")

    assert (ended.status, ended.told["error"]["code"]) == (2, code)
    assert ended.told["error"]["remedy"]


def test_a_backup_is_a_state_of_its_own(place: LedgerPlace, tmp_path: Path) -> None:
    [old, _] = place.bury(*DAYS)
    copy = tmp_path / "copy.db"

    made = place.tell("state", "backup", str(copy))
    again = place.tell("state", "backup", str(copy))
    place.tell("dead-letters", "discard", old, "--reason", "after the copy")
    kept = place.tell(
        "dead-letters", "list", "--output", "json", AEGIS_STATE_URL=f"sqlite:///{copy}"
    )

    assert (made.status, again.status) == (0, 2)
    assert "is never written over" in again.err
    assert len(kept.told["deadLetters"]) == 2


def test_a_shell_completes_names_and_ids_out_of_the_state(place: LedgerPlace) -> None:
    [old] = place.bury(DAYS[0])

    def completed(words: str) -> str:
        count = str(len(words.split()) - 1)
        return place.tell(
            _AEGIS_BATCH_COMPLETE="bash_complete", COMP_WORDS=words, COMP_CWORD=count
        ).out

    assert completed("aegis-batch schedules pause d") == "plain,daily-close\n"
    assert completed(f"aegis-batch dead-letters replay {old[:4]}") == f"plain,{old}\n"


def test_a_setting_that_is_wrong_is_told_before_anything_is_opened(tmp_path: Path) -> None:
    ended = LedgerPlace(tmp_path).tell("runs", AEGIS_STATE_URL="mysql://u:geheim@h/db")

    assert ended.status == 2
    assert "AEGIS_STATE_URL" in ended.err
    assert "geheim" not in ended.err
