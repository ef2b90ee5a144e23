"""The ``reports`` command over services that stand in for the reports' database."""

from dataclasses import replace

import pytest

from aegis_batch.adapters.inbound.cli.close_json import ending_as_json
from aegis_batch.adapters.inbound.cli.close_text import ending_as_text
from aegis_batch.adapters.inbound.cli.ending import Ending
from aegis_batch.adapters.inbound.cli.services import ReportsSchema
from aegis_batch.domain.errors import BackendRefused, BackendUnavailable, InvalidRequest
from aegis_batch.domain.outcome import Outcome, Problem
from aegis_batch.domain.report_keeper import ReportKeeper
from tests.unit.adapters.inbound.cli.ledger_services import LedgerServices

OLD = ReportsSchema("db\x1b[2J/reports", "0001", "0003", ("0002", "0003"))
NEW = ReportsSchema("db/reports", None, "0003", ("0001", "0002", "0003"))
ENDING = Ending("run-1", "ab" * 16, Outcome.CREATED, 1.0)


def test_a_schema_that_is_current_is_fine(ledger: LedgerServices) -> None:
    told = ledger.tell("reports", "status")

    assert (told.status, told.err) == (0, "")
    assert told.out == (
        "database  db.example:5432/reports\nschema    0001\nnewest    0001\n\nIt is up to date.\n"
    )
    assert ledger.tell("reports", "status", "--output", "json").json == {
        "database": "db.example:5432/reports",
        "revision": "0001",
        "head": "0001",
        "pending": [],
        "isCurrent": True,
    }


def test_a_schema_that_is_old_is_found_with_its_remedy(ledger: LedgerServices) -> None:
    ledger.kept = OLD

    told = ledger.tell("reports", "status")
    as_json = ledger.tell("reports", "status", "--output", "json")

    assert told.status == as_json.status == 1
    assert "aegis-batch reports migrate" in told.out
    assert "\x1b" not in told.out
    assert (as_json.json["pending"], as_json.json["isCurrent"]) == (["0002", "0003"], False)
    ledger.kept = NEW
    assert "schema    none yet" in ledger.tell("reports", "status").out


def test_a_migration_tells_what_it_did(ledger: LedgerServices) -> None:
    assert ledger.tell("reports", "migrate").out == (
        "db.example:5432/reports has the schema 0001 already: nothing was to be done.\n"
    )
    ledger.kept = NEW
    assert ledger.tell("reports", "migrate").out == (
        "The tables of reports are made in db/reports, with the schema 0003.\n"
    )
    ledger.kept = OLD
    assert ledger.tell("reports", "migrate").out == (
        "db\\x1b[2J/reports had the schema 0001 and has 0003 now.\n"
    )
    assert ledger.tell("reports", "migrate", "--output", "json").json == {
        "database": "db\x1b[2J/reports",
        "before": "0001",
        "revision": "0003",
        "applied": ["0002", "0003"],
    }


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (InvalidRequest("reports_among_orders", "No.", "Another."), 2),
        (BackendRefused("reports_login_refused", "No.", "Another."), 4),
        (BackendUnavailable("reports_unreachable", "Away.", "Later."), 5),
    ],
)
def test_every_failure_has_its_status_and_its_remedy(
    ledger: LedgerServices, error: BackendRefused, status: int
) -> None:
    for command in ("status", "migrate"):
        ledger.fault = error
        told = ledger.tell("reports", command)
        assert (told.status, told.out) == (status, "")
        assert error.remedy in told.err
        as_json = ledger.tell("reports", command, "--output", "json")
        assert (as_json.status, as_json.json["error"]["code"]) == (status, error.code)


@pytest.mark.parametrize(
    ("ending", "headline"),
    [
        (replace(ENDING, revision=1), "closed: the report is in the reports' database"),
        (
            replace(ENDING, revision=3),
            "closed anew: revision 3 is in the place of the one before it",
        ),
        (
            replace(ENDING, outcome=Outcome.ALREADY_CLOSED, revision=2),
            "was closed already: the reports' database has revision 2",
        ),
        (
            replace(ENDING, outcome=Outcome.CONFLICT, revision=2),
            "in conflict: the reports' database holds a different report",
        ),
        (
            replace(ENDING, outcome=Outcome.CONFLICT, keeper=ReportKeeper.DATABASE),
            "in conflict: the reports' database holds a different report",
        ),
        (replace(ENDING, outcome=Outcome.DRY_RUN, revision=2), "rehearsed: nothing was sent"),
        (
            replace(
                ENDING,
                outcome=Outcome.UNAVAILABLE,
                problem=Problem("reports_unreachable", "Away.", "Later.", retryable=True),
            ),
            "not closed: the reports' database is unavailable, try again later",
        ),
        (
            replace(
                ENDING,
                outcome=Outcome.REFUSED,
                problem=Problem("reports_read_only", "No.", "Another.", retryable=False),
            ),
            "not closed: the reports' database can't be used as it is",
        ),
    ],
)
def test_a_close_into_a_database_says_what_stands_there(ending: Ending, headline: str) -> None:
    assert ending_as_text(ending) == headline


def test_the_revision_is_in_the_json_where_there_is_one() -> None:
    assert '"revision":3' in ending_as_json(replace(ENDING, revision=3))
    assert "revision" not in ending_as_json(ENDING)
