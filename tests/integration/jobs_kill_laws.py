"""What must have come of a course of defined jobs, whatever was killed in it."""

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from aegis_batch.application.ports.job_definitions import JobFilter
from aegis_batch.application.ports.runs import RunFilter
from aegis_batch.domain.dead_letter import DeadLetter, DeadLetterState
from aegis_batch.domain.job_status import JobStatus
from aegis_batch.domain.job_total import JobTotal
from aegis_batch.domain.run_record import RunRecord
from aegis_batch.domain.schedule import Decision
from tests.integration.counted_service import CountedService
from tests.integration.jobs_due import AT_ONCE, TIMED, WAITING_MAX
from tests.integration.ledger_place import LedgerPlace

_DECISIONS: Mapping[str, tuple[Decision, str]] = {
    **dict.fromkeys(TIMED, (Decision.RAN, "it was due")),
    "unfit": (Decision.SKIPPED, "its condition does not hold: from_day 2999-01-01"),
    "asleep": (Decision.SKIPPED, "paused by maria: a test"),
    "one-too-many": (Decision.SKIPPED, f"{WAITING_MAX} runs wait already"),
}
# Of each job, what started its runs and how they ended, oldest first.
_HISTORY: Mapping[str, Sequence[tuple[str, str]]] = {
    "first": [("schedule", "succeeded")],
    "second": [("schedule", "succeeded")],
    "third": [("schedule", "succeeded")],
    "fits": [("schedule", "succeeded"), ("hand", "succeeded")],
    "broken": [("schedule", "failed"), ("replay", "succeeded")],
    "needs-broken": [("schedule", "cancelled")],
    "shaky": [("schedule", "succeeded")],
    "close": [("schedule", "succeeded")],
    "awake-on-event": [("event", "succeeded"), ("event", "succeeded")],
    "asleep-on-event": [("event", "succeeded")],
}
_ENDS = {
    "succeeded": "job.completed",
    "failed": "job.sent_to_dlq",
    "cancelled": "job.cancelled",
}


@dataclass(frozen=True, slots=True)
class Came:
    """What came of a course: the history in the state, and what others saw of it."""

    folder: Path
    service: CountedService
    seen: Sequence[str]
    answers: Mapping[str, Any]
    kills: int
    runs: Mapping[str, Sequence[RunRecord]]
    decisions: Mapping[str, Sequence[tuple[datetime, Decision, str, str | None]]]
    timelines: Mapping[str, Counter[str]]
    letters: Sequence[DeadLetter]
    results: frozenset[str]
    totals: Sequence[JobTotal]
    audit: Counter[str]

    @classmethod
    def read(
        cls,
        folder: Path,
        service: CountedService,
        seen: Sequence[str],
        answers: Mapping[str, Any],
        kills: int,
    ) -> "Came":
        """Read it from the state in a folder."""
        with LedgerPlace(folder).ledger() as ledger, ledger.look() as turn:
            names = {
                each.schedule_name: each.name
                for each in turn.job_definitions.search(JobFilter(), 100)
            }
            runs: dict[str, list[RunRecord]] = defaultdict(list)
            found = turn.runs.search(RunFilter(oldest_first=True), 1_000)
            for record in found:
                runs[names[record.schedule or ""]].append(record)
            return cls(
                folder,
                service,
                seen,
                answers,
                kills,
                runs=dict(runs),
                decisions={
                    name: [
                        (each.nominal, each.decision, each.reason, each.run_id)
                        for each in turn.occurrences.newest(schedule, 100)
                    ]
                    for schedule, name in names.items()
                },
                timelines={
                    record.id: Counter(entry.name for entry in turn.timeline.of(record.id))
                    for record in found
                },
                letters=turn.dead_letters.newest(None, 100),
                results=frozenset(turn.job_results.of([record.id for record in found])),
                totals=turn.job_totals.all(),
                audit=Counter(
                    f"{entry.action} {entry.subject if entry.action == 'event.take' else ''}"
                    for entry in turn.audit.newest(1_000)
                ),
            )


def check_came(came: Came, resumed_at: datetime) -> None:
    """Assert that the history is true, and that nothing happened twice."""
    _check_decisions(came)
    _check_history(came)
    _check_effects(came, resumed_at)
    _check_totals(came)
    _check_deeds(came)


def _check_decisions(came: Came) -> None:
    """Each nominal time has one decision, and one run where that says so."""
    assert {name for name, found in came.decisions.items() if found} == set(TIMED)
    for name in TIMED:
        [(nominal, decision, reason, run_id)] = came.decisions[name]
        assert (decision, reason) == _DECISIONS[name]
        started = [r for r in came.runs.get(name, ()) if r.trigger.value == "schedule"]
        assert [r.id for r in started] == ([] if run_id is None else [run_id])
        assert all(record.nominal == nominal for record in started)


def _check_history(came: Came) -> None:
    """Every execution that should be has ended once, with its times in their order."""
    ends = {
        name: [(each.trigger.value, each.state.value) for each in records]
        for name, records in came.runs.items()
    }
    assert ends == _HISTORY
    for record in (each for records in came.runs.values() for each in records):
        assert record.ended_at is not None
        times = [record.enqueued_at, record.started_at, record.ended_at]
        known = [moment for moment in times if moment is not None]
        assert known == sorted(known), record
        entries = came.timelines[record.id]
        assert entries["job.dispatched"] == 1, entries
        final = {name: entries[name] for name in _ENDS.values() if entries[name]}
        is_close = record.task is not None and record.task.job_name == "close"
        if not is_close:
            assert final == {_ENDS[record.state.value]: 1}, (record, entries)


def _check_effects(came: Came, resumed_at: datetime) -> None:
    """One effect a run, in the order of dependencies, and none that should not be."""
    keys = {name: {call.key for call in came.service.of(name)} for name in _HISTORY}
    never = {"needs-broken", "close"}
    for name, records in came.runs.items():
        assert keys[name] == (set() if name in never else {each.id for each in records})
        for record in records:
            calls = [call for call in came.service.calls if call.key == record.id]
            # A call may be made again by who takes over, under its key, and by a retry.
            assert len(calls) <= (1 + came.kills) * (1 + (name == "shaky")), calls
            assert all(call.began <= _ended(record) for call in calls)
    heard = {call.path for call in came.service.calls}
    assert heard.isdisjoint({"/unfit", "/asleep", "/one-too-many", "/needs-broken"})
    for before, after in (("first", "second"), ("second", "third")):
        assert _ended(came.runs[before][0]) <= min(c.began for c in came.service.of(after))
    assert min(c.began for c in came.service.of("asleep-on-event")) >= resumed_at
    assert came.service.most_at_once <= AT_ONCE
    # The Backend took the report of the day once.
    assert came.seen.count("POST /internal/reports/daily 201") == 1
    with closing(sqlite3.connect(came.folder / "backend.sqlite")) as connection:
        assert connection.execute("SELECT count(*) FROM reports").fetchone() == (1,)


def _check_totals(came: Came) -> None:
    """What is counted, and told as metrics and statistics, is what the history says."""
    started = {name: len(records) for name, records in came.runs.items()}
    ended = Counter(
        (name, JobStatus.of(record).value)
        for name, records in came.runs.items()
        for record in records
    )
    counted = Counter[tuple[str, str]]()
    spent: dict[str, float] = defaultdict(float)
    for each in came.totals:
        counted[each.job, each.status] += each.count
        if each.is_of_ends:
            spent[each.job] += each.duration_ms
    assert {n: c for (n, status), c in counted.items() if status == "SCHEDULED"} == started
    assert counted["broken", "FAILED_BY_PRIORITY"] == 1
    for name, records in came.runs.items():
        assert abs(spent[name] - sum(r.duration_ms or 0.0 for r in records)) < 0.001
    metrics = came.answers["metrics"]
    for (name, status), count in ended.items():
        assert counted[name, status] == count
        line = f'scheduler_jobs_executed_total{{job="{name}",status="{status}"}} {count}'
        assert line in metrics.splitlines()
    assert f"scheduler_jobs_scheduled_total {sum(started.values())}" in metrics.splitlines()
    stats = came.answers["stats"]
    assert (stats["running"], stats["pending"]) == (0, 0)
    assert {each["jobType"]: each["total"] for each in stats["jobs"]} == started
    # An event that is sent again starts nothing, and so has nothing to tell.
    for event, asleep in (("baked-1", "paused by maria: a test"), ("baked-2", None)):
        answer = came.answers[event]
        assert answer["novo"] or came.kills
        if answer["novo"]:
            said = {each["nome_job"]: each["motivo"] for each in answer["jobs"]}
            assert said == {"awake-on-event": None, "asleep-on-event": asleep}


def _check_deeds(came: Came) -> None:
    """What people and services asked for was done once, and says so in the audit."""
    broken, again = (record.id for record in came.runs["broken"])
    replayed = [(each.run_id, each.state, each.replayed_as) for each in came.letters]
    assert replayed == [(broken, DeadLetterState.REPLAYED, again)]
    good = {
        record.id
        for name, records in came.runs.items()
        for record in records
        if name != "close" and record.state.value == "succeeded"
    }
    assert came.results == good
    once = ("event.take baked-1", "event.take baked-2", "run.retry ", "job.execute ")
    assert {deed: came.audit[deed] for deed in once} == dict.fromkeys(once, 1)


def _ended(record: RunRecord) -> datetime:
    assert record.ended_at is not None
    return record.ended_at
