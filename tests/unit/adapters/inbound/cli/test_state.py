"""The ``state`` command over services that stand in for the state database."""

from pathlib import Path

from aegis_batch.adapters.inbound.cli.services import StateSchema
from tests.unit.adapters.inbound.cli.ledger_services import LedgerServices

OLD = StateSchema("/data/st\x1b[2Jate.db", "0001", "0003", ("0002", "0003"))
NEW = StateSchema("/data/state.db", None, "0003", ("0001", "0002", "0003"))


def test_a_schema_that_is_current_is_fine(ledger: LedgerServices) -> None:
    told = ledger.tell("state", "status")

    assert (told.status, told.err) == (0, "")
    assert told.out == ("file    /data/state.db\nschema  0001\nnewest  0001\n\nIt is up to date.\n")
    assert ledger.tell("state", "status", "--output", "json").json == {
        "file": "/data/state.db",
        "revision": "0001",
        "head": "0001",
        "pending": [],
        "isCurrent": True,
    }


def test_a_database_on_a_server_is_named_as_one(ledger: LedgerServices) -> None:
    ledger.schema = StateSchema("db.example:5432/state", "0001", "0001", (), is_file=False)

    assert ledger.tell("state", "status").out.startswith("database  db.example:5432/state\n")
    told = ledger.tell("state", "status", "--output", "json").json
    assert (told["database"], "file" in told) == ("db.example:5432/state", False)


def test_a_schema_that_is_old_is_found_with_its_remedy(ledger: LedgerServices) -> None:
    ledger.schema = OLD

    told = ledger.tell("state", "status")
    as_json = ledger.tell("state", "status", "--output", "json")

    assert told.status == as_json.status == 1
    assert "aegis-batch state migrate" in told.out
    assert "\x1b" not in told.out
    assert (as_json.json["pending"], as_json.json["isCurrent"]) == (["0002", "0003"], False)
    ledger.schema = NEW
    assert "schema  none yet" in ledger.tell("state", "status").out


def test_a_migration_tells_what_it_did(ledger: LedgerServices) -> None:
    assert ledger.tell("state", "migrate").out == (
        "/data/state.db has the schema 0001 already: nothing was to be done.\n"
    )
    ledger.schema = NEW
    assert ledger.tell("state", "migrate").out == "/data/state.db is made, with the schema 0003.\n"
    ledger.schema = OLD
    assert ledger.tell("state", "migrate").out == (
        "/data/st\\x1b[2Jate.db had the schema 0001 and has 0003 now.\n"
    )
    assert ledger.tell("state", "migrate", "--output", "json").json == {
        "file": "/data/st\x1b[2Jate.db",
        "before": "0001",
        "revision": "0003",
        "applied": ["0002", "0003"],
    }


def test_a_backup_says_where_it_is(ledger: LedgerServices) -> None:
    told = ledger.tell("state", "backup", "/backups/state\x1b.db")
    as_json = ledger.tell("state", "backup", "/backups/state.db", "--output", "json")

    assert told.out == "The state is copied into /backups/state\\x1b.db.\n"
    assert as_json.json == {"backup": "/backups/state.db"}
    assert ledger.backups == [Path("/backups/state\x1b.db"), Path("/backups/state.db")]


def test_a_backup_without_a_file_is_a_wrong_command(ledger: LedgerServices) -> None:
    told = ledger.tell("state", "backup", "--output", "json")

    assert (told.status, told.json["error"]["code"]) == (2, "invalid_command")
