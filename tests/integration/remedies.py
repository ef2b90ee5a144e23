"""``doctor`` as a person uses it: read what is amiss, do what the remedy says, look again."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.integration.program import run
from tests.servers.postgres import Database


@dataclass(frozen=True)
class Told:
    """What one run of ``doctor`` told."""

    status: int
    checks: list[dict[str, Any]]

    def verdict(self, name: str) -> str:
        """Return the worst verdict that checks of a name had."""
        order = ["ok", "warn", "fail"]
        verdicts = [str(check["verdict"]) for check in self.named(name)]
        return max(verdicts, key=order.index)

    def named(self, name: str) -> list[dict[str, Any]]:
        """Return the checks of a name."""
        return [check for check in self.checks if check["name"] == name]

    def amiss(self) -> list[str]:
        """Return the names of all that is not ok."""
        return [check["name"] for check in self.checks if check["verdict"] != "ok"]

    def remedy(self, name: str) -> str:
        """Return the remedies of a name, all of which there must be."""
        found = [check["remedy"] for check in self.named(name) if check["verdict"] != "ok"]
        assert found, self.checks
        return "\n".join(found)

    def sql(self, name: str) -> list[str]:
        """Return the statements in the remedies of a name."""
        return [line for line in self.remedy(name).splitlines() if line.endswith(";")]


def doctor(settings: Mapping[str, str], folder: Path) -> Told:
    """Run ``doctor`` in a folder, and return what it told."""
    ended = run(["doctor", "--output", "json"], settings, folder)
    assert ended.err == ""
    told = ended.told
    assert ended.status == (1 if told["verdict"] == "fail" else 0)
    for check in told["checks"]:
        assert (check["remedy"] is None) is (check["verdict"] == "ok"), check
    return Told(ended.status, told["checks"])


def apply(database: Database, statements: list[str]) -> None:
    """Do what a remedy says, as the owner of the database."""
    assert statements
    with database.connect() as connection:
        for statement in statements:
            connection.execute(statement.encode())
