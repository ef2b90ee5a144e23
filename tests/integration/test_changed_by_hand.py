"""A state whose rows were changed by hand: ``audit --check`` names the first broken link."""

import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from aegis_batch.domain.seal_link import SealLink
from tests.integration.ledger_place import LedgerPlace
from tests.sealed_chain import a_chain, record_of

CHAIN = a_chain(5)
_DROP = "DROP TRIGGER IF EXISTS seals_refuses_UPDATE; DROP TRIGGER IF EXISTS seals_refuses_DELETE;"
_SWAP = (
    "UPDATE seals SET number = -1 WHERE number = 2;"
    "UPDATE seals SET number = 2 WHERE number = 4;"
    "UPDATE seals SET number = 4 WHERE number = -1"
)
_ALTERED = (
    "SELECT tenant, number, period_kind, first_day, run_id, content || ' ', digest FROM seals"
)
# What somebody did, which link is named, and what is wrong with it.
DEEDS = {
    "a figure in the totals": (
        (
            'UPDATE seals SET content = replace(content, \'"revenue":"10.5"\', \'"revenue":"9.5"\')'
            " WHERE number = 3"
        ),
        3,
        "digest",
    ),
    "one letter": ("UPDATE seals SET content = content || ' ' WHERE number = 5", 5, "digest"),
    "bytes for a text": ("UPDATE seals SET content = x'ff00' WHERE number = 1", 1, "digest"),
    "the digest": ("UPDATE seals SET digest = 'sha256:0' WHERE number = 2", 2, "digest"),
    "the day": ("UPDATE seals SET first_day = '2026-01-01' WHERE number = 2", 2, "place"),
    "a day that is none": ("UPDATE seals SET first_day = 'soon' WHERE number = 2", 2, "place"),
    "the period": ("UPDATE seals SET period_kind = 'week' WHERE number = 1", 1, "place"),
    "the run": ("UPDATE seals SET run_id = 'another' WHERE number = 4", 4, "place"),
    "the number": ("UPDATE seals SET number = 9 WHERE number = 3", 3, "missing"),
    "the last number": ("UPDATE seals SET number = 0 WHERE number = 5", 5, "place"),
    "a number that is none": ("UPDATE seals SET number = 'x' WHERE number = 5", 5, "missing"),
    "the tenant": ("UPDATE seals SET tenant = 'another' WHERE number = 3", 3, "missing"),
    "two links swapped": (_SWAP, 2, "place"),
    "a link in the middle": ("DELETE FROM seals WHERE number = 3", 3, "missing"),
    "the last link": ("DELETE FROM seals WHERE number = 5", 5, "missing"),
    "all links": ("DELETE FROM seals", 1, "missing"),
    "the outcome of a run": (
        "UPDATE runs SET outcome = 'already_closed' WHERE id = 'run-default-2'",
        2,
        "run",
    ),
    "the orders of a run": ("UPDATE runs SET orders = 7 WHERE id = 'run-default-4'", 4, "run"),
    "the seal of a run": (
        (
            "UPDATE runs SET seal = replace(seal, '00000003-1', '00000003-2')"
            " WHERE id = 'run-default-4'"
        ),
        4,
        "run",
    ),
    "the day of a run": (
        "UPDATE runs SET first_day = '2026-01-01' WHERE id = 'run-default-1'",
        1,
        "run",
    ),
    "who asked for a run": (
        "UPDATE runs SET requested_by = 'ana' WHERE id = 'run-default-3'",
        3,
        "run",
    ),
    "how a run was started": (
        "UPDATE runs SET trigger = 'hand' WHERE id = 'run-default-3'",
        3,
        "run",
    ),
    "the schedule of a run": (
        "UPDATE runs SET schedule = NULL WHERE id = 'run-default-2'",
        2,
        "run",
    ),
    "what a run stands in for": (
        "UPDATE runs SET replay_of = 'another' WHERE id = 'run-default-2'",
        2,
        "run",
    ),
    "the attempts of a run": ("UPDATE runs SET attempt = 2 WHERE id = 'run-default-5'", 5, "run"),
    "the machine of a run": (
        "UPDATE runs SET executor = 'machine-2' WHERE id = 'run-default-4'",
        4,
        "run",
    ),
    "the Backend of a run": ("UPDATE runs SET backend = NULL WHERE id = 'run-default-4'", 4, "run"),
    "when a run began": (
        "UPDATE runs SET started_at = '2026-11-18T05:00:01.000000Z' WHERE id = 'run-default-3'",
        3,
        "run",
    ),
    "when a run ended": (
        "UPDATE runs SET ended_at = '2020-01-01T00:00:00.000000Z' WHERE id = 'run-default-3'",
        3,
        "run",
    ),
    "a run taken away": ("DELETE FROM runs WHERE id = 'run-default-4'", 4, "run_missing"),
    "the first run taken away": ("DELETE FROM runs WHERE id = 'run-default-1'", 1, "run_missing"),
    "a run whose id was changed": (
        "UPDATE runs SET id = 'another' WHERE id = 'run-default-4'",
        4,
        "run_missing",
    ),
    "all runs": ("DELETE FROM runs", 1, "run_missing"),
    "a run that can't be read": ("UPDATE runs SET seal = '{' WHERE id = 'run-default-1'", 1, "run"),
}


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state with five closed days; to be copied."""
    place = LedgerPlace(tmp_path_factory.mktemp("closed"))
    place.prepare()
    _close(place, CHAIN)
    return place.file


@pytest.fixture
def place(closed: Path, tmp_path: Path) -> LedgerPlace:
    """A folder of the test's own, with five closed days."""
    place = LedgerPlace(tmp_path)
    place.make(closed)
    return place


def _close(place: LedgerPlace, links: Sequence[SealLink]) -> None:
    with place.ledger() as ledger, ledger.turn() as turn:
        for link in links:
            turn.state.runs.add(record_of(link))
            turn.state.seals.add(link)


def _alter(place: LedgerPlace, sql: str) -> None:
    with closing(sqlite3.connect(place.file)) as connection:
        connection.executescript(_DROP + sql)
        connection.commit()


def test_a_state_that_was_left_alone_holds(place: LedgerPlace) -> None:
    told = place.tell("audit", "--check")

    assert (told.status, told.err) == (0, "")
    assert "Every link holds: 5 links in 1 chain, 5 runs compared" in told.out
    assert CHAIN[-1].kept().digest in told.out


@pytest.mark.parametrize("deed", DEEDS)
def test_whatever_was_changed_is_found_and_the_first_link_named(
    place: LedgerPlace, deed: str
) -> None:
    sql, number, breach = DEEDS[deed]
    _alter(place, sql)

    told = place.tell("audit", "--check", "--output", "json")

    assert told.status == 1
    chains = {chain["tenant"]: chain for chain in told.told["chains"]}
    broken = chains["default"]["broken"]
    assert (broken["number"], broken["breach"]) == (number, breach)
    assert chains["default"]["links"] == number - 1
    assert broken["remedy"]
    named = place.tell("audit", "--check")
    assert named.status == 1
    assert f"link {number} of default" in named.out


def test_a_run_that_was_taken_away_is_named_with_all_that_is_known_of_it(
    place: LedgerPlace,
) -> None:
    _alter(place, "DELETE FROM runs WHERE id = 'run-default-4'")

    told = place.tell("audit", "--check")
    in_json = place.tell("audit", "--check", "--output", "json")

    assert (told.status, in_json.status) == (1, 1)
    for part in ("link 4 of default", "run-default-4", "2026-11-19", "(run_missing)"):
        assert part in told.out
    (chain,) = in_json.told["chains"]
    assert chain["broken"]["tenant"] == "default"
    assert (chain["broken"]["run"], chain["broken"]["period"]) == (
        "run-default-4",
        str(CHAIN[3].key.period),
    )


def test_a_run_that_cannot_be_read_is_named_and_its_day_is_proved(place: LedgerPlace) -> None:
    _alter(place, "UPDATE runs SET state = 'weird' WHERE id = 'run-default-4'")

    checked = place.tell("audit", "--check")
    shown = place.tell("runs", "show", "run-default-4")
    proved = place.tell("prove", str(CHAIN[3].key.period))

    assert checked.status == 1
    assert "in a backup" in checked.out
    assert shown.status == 7
    assert "in the table runs: id run-default-4" in shown.err
    assert "start with a new one" not in shown.err
    assert proved.status == 1
    assert "The row of a run of this period can't be read" in proved.out
    assert CHAIN[3].kept().digest in proved.out


def test_what_retention_deleted_is_not_missed_and_what_it_left_is(place: LedgerPlace) -> None:
    before = CHAIN[2].sealed_at
    with place.ledger() as ledger, ledger.turn() as turn:
        # The job was away for days, or stopped after a batch: the third may be deleted, and is not.
        assert turn.state.retention.forget_runs(before + timedelta(microseconds=1), 2) == 2
    left_alone = place.tell("audit", "--check", "--output", "json")
    _alter(place, "DELETE FROM runs WHERE id = 'run-default-3'")
    old = place.tell("audit", "--check")
    _alter(place, "DELETE FROM runs WHERE id = 'run-default-4'")
    young = place.tell("audit", "--check", "--output", "json")

    assert left_alone.status == 0
    assert left_alone.told["runsCompared"] == 3
    assert left_alone.told["runsForgottenBefore"] == "2026-11-19T05:00:02.000001Z"
    assert old.status == 0, old.out
    assert "ended before 2026-11-19 05:00" in old.out
    assert young.status == 1
    assert young.told["chains"][0]["broken"]["number"] == 4


def test_a_run_made_old_by_hand_so_that_retention_takes_it_is_missed(place: LedgerPlace) -> None:
    _alter(place, "UPDATE runs SET ended_at = '2020-01-01T00:00:00.000000Z' WHERE orders = 4")
    with place.ledger() as ledger, ledger.turn() as turn:
        assert turn.state.retention.forget_runs(CHAIN[0].sealed_at, 9) == 1

    told = place.tell("audit", "--check", "--output", "json")

    assert told.status == 1
    broken = told.told["chains"][0]["broken"]
    assert (broken["number"], broken["breach"]) == (4, "run_missing")


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE seals SET digest = 'x'",
        "DELETE FROM seals",
        f"REPLACE INTO seals {_ALTERED}",
        f"INSERT OR REPLACE INTO seals {_ALTERED}",
        (
            f"INSERT INTO seals {_ALTERED} WHERE true"
            " ON CONFLICT (tenant, number) DO UPDATE SET content = excluded.content"
        ),
        # A row is known by its place in the file, too.
        (
            "REPLACE INTO seals (rowid, tenant, number, period_kind, first_day, run_id, content,"
            " digest) SELECT rowid, 'nobody', 9, period_kind, first_day, run_id, content, digest"
            " FROM seals"
        ),
    ],
)
def test_the_file_itself_refuses_whoever_does_not_look_for_its_triggers(
    place: LedgerPlace, sql: str
) -> None:
    with (
        closing(sqlite3.connect(place.file)) as connection,
        pytest.raises(sqlite3.IntegrityError, match="append-only"),
    ):
        connection.execute(sql)

    assert place.tell("audit", "--check").status == 0


def test_a_backup_in_its_place_holds_and_so_does_what_is_closed_after_it(
    tmp_path: Path,
) -> None:
    place = LedgerPlace(tmp_path)
    place.prepare()
    _close(place, CHAIN[:2])
    backup = tmp_path / "backup.db"
    assert place.tell("state", "backup", str(backup)).status == 0
    _close(place, CHAIN[2:4])
    for beside in tmp_path.glob("state.db*"):
        beside.unlink()
    shutil.copyfile(backup, place.file)

    restored = place.tell("audit", "--check")
    _close(place, CHAIN[2:])
    after = place.tell("audit", "--check")

    assert (restored.status, after.status) == (0, 0), restored.out + after.out
    assert "2 links in 1 chain" in restored.out
    assert "5 links in 1 chain" in after.out


def test_a_state_that_is_not_there_is_trouble_and_no_broken_link(tmp_path: Path) -> None:
    told = LedgerPlace(tmp_path).tell("audit", "--check", "--output", "json")

    assert (told.status, told.told["error"]["code"]) == (7, "state_missing")
