"""A Backend that keeps what it takes, in WireMock, and backfills as real processes."""

import json
import sqlite3
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from datetime import date
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import httpx

from tests.integration.forked import Process
from tests.integration.program import Ended, end, start
from tests.integration.serving_place import Place, wait_for
from tests.servers.wiremock import WireMockServer

SUBMIT = "/internal/reports/daily"
_OPEN, _CLOSED = "Started", "closed"


class Backend:
    """Days that are open until a report comes, and closed after it: each takes one report."""

    def __init__(self, wiremock: WireMockServer) -> None:
        self._wiremock = wiremock
        self.url = wiremock.url

    def open_days(self, days: Sequence[date], delay_ms: int = 0) -> None:
        """Make days that are open; taking a report takes so long."""
        mappings = [mapping for day in days for mapping in _mappings(day, delay_ms)]
        answer = httpx.post(
            f"{self.url}/__admin/mappings/import",
            json={
                "mappings": mappings,
                "importOptions": {"duplicatePolicy": "OVERWRITE", "deleteAllNotInImport": True},
            },
            trust_env=False,
            timeout=60,
        )
        assert answer.is_success, answer.text

    def created(self) -> dict[date, dict[str, Any]]:
        """Return the reports that were taken, each day's once."""
        bodies = [json.loads(body) for status, body in self.submitted() if status == 201]
        by_day = {date.fromisoformat(body["reportDate"]): body for body in bodies}
        assert len(by_day) == len(bodies)
        return by_day

    def submitted(self) -> list[tuple[int, str]]:
        """Return status and body of each submission, oldest first."""
        answer = httpx.get(f"{self.url}/__admin/requests", trust_env=False, timeout=60)
        served = reversed(answer.json()["requests"])
        return [
            (entry["response"]["status"], entry["request"]["body"])
            for entry in served
            if entry["request"]["method"] == "POST"
        ]


class Backfills:
    """Runs the command in a place, to its end or until it is killed."""

    def __init__(self, place: Place) -> None:
        self.place = place

    def plan(self, first: date, last: date, *options: str) -> dict[str, Any]:
        """Plan a range."""
        ended = self.place.run(
            "backfill", "--from", str(first), "--to", str(last), *options, "--output", "json"
        )
        assert ended.status == 0, ended.err
        return ended.told

    def start(self, *arguments: str) -> Process:
        """Start the command, and let it go on."""
        return start(("backfill", *arguments), self.place.settings, self.place.folder)

    def killed_at(self, done: int, plan_id: str, *arguments: str) -> None:
        """Start the command, and kill it as soon as so many periods are done."""
        process = self.start(*arguments)
        try:
            wait_for(
                lambda: process.poll() is not None or self.done(plan_id) >= done,
                f"{done} to be done",
            )
            assert process.poll() is None, end(process)
        finally:
            process.kill()
            process.communicate()

    def fill(self, first: date, last: date, *options: str) -> Ended:
        """Plan a range and have it carried out to its end."""
        return self.place.run(
            "backfill", "--yes", self.plan(first, last, *options)["backfill"]["id"]
        )

    def open_letters(self) -> list[str]:
        """Return which runs have an open dead letter, by the ledger."""
        return [row[0] for row in self._ask("SELECT run_id FROM dead_letters WHERE state = 'open'")]

    def done(self, plan_id: str) -> int:
        """Return how many periods of a backfill are done."""
        return int(self._ask("SELECT done FROM backfills WHERE id = ?", plan_id)[0][0])

    def closes(self) -> Counter[str]:
        """Return how often each day was closed by a run, by the ledger."""
        rows = self._ask("SELECT first_day FROM runs WHERE state = 'succeeded' AND job = 'close'")
        return Counter(row[0] for row in rows)

    def running(self) -> int:
        """Return how many runs of the ledger are under way."""
        return int(self._ask("SELECT count(*) FROM runs WHERE state = 'running'")[0][0])

    def unfinished(self) -> int:
        """Return how many runs of the ledger have not come to an end."""
        over = "('succeeded', 'failed', 'cancelled')"
        return int(self._ask(f"SELECT count(*) FROM runs WHERE state NOT IN {over}")[0][0])

    def _ask(self, statement: str, *values: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.place.state)) as state:
            return state.execute(statement, values).fetchall()


def _mappings(day: date, delay_ms: int) -> list[dict[str, Any]]:
    scenario = f"day {day}"
    find = {"method": "GET", "urlPath": f"/reports/{day}"}
    submit = {
        "method": "POST",
        "urlPath": SUBMIT,
        "bodyPatterns": [{"contains": f'"reportDate":"{day}"'}],
    }
    known = {
        "status": 200,
        "body": json.dumps({"reportDate": str(day)}),
        "headers": {"Content-Type": "application/json"},
    }
    created = {"status": 201, "fixedDelayMilliseconds": delay_ms}

    def mapping(
        request: dict[str, Any], state: str, response: dict[str, Any], to: str | None = None
    ) -> dict[str, Any]:
        moved = {} if to is None else {"newScenarioState": to}
        return {
            "id": str(uuid5(NAMESPACE_URL, f"{scenario} {state} {request['method']}")),
            "request": request,
            "response": response,
            "scenarioName": scenario,
            "requiredScenarioState": state,
            **moved,
        }

    return [
        mapping(find, _OPEN, {"status": 404}),
        mapping(submit, _OPEN, created, _CLOSED),
        mapping(find, _CLOSED, known),
        mapping(submit, _CLOSED, known),
    ]
