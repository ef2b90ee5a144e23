"""A state whose chains of seals can be changed as somebody would who can write to its file."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import datetime, timedelta

from aegis_batch.adapters.outbound.memory.retention import InMemoryRetention
from aegis_batch.adapters.outbound.memory.runs import InMemoryRuns
from aegis_batch.adapters.outbound.memory.seals import InMemorySeals
from aegis_batch.adapters.outbound.memory.state import InMemoryState
from aegis_batch.adapters.outbound.memory.turn import InMemoryTurn
from aegis_batch.adapters.outbound.memory.undo_log import UndoLog
from aegis_batch.adapters.outbound.memory.work_queue import InMemoryWorkQueue
from aegis_batch.application.ports.turn import Turn
from aegis_batch.domain.dead_letter import DeadLetter
from aegis_batch.domain.errors import StateMisfit
from aegis_batch.domain.run import CloseKey
from aegis_batch.domain.run_record import RunRecord, TimelineEntry
from aegis_batch.domain.seal_link import KeptLink, SealLink
from tests.sealed_chain import record_of

__all__ = ["AlteredState"]


class _Rows(InMemorySeals):
    """Links as rows that anything can be done to; see the port."""

    def __init__(self, log: UndoLog, rows: list[KeptLink]) -> None:
        super().__init__(log)
        self._rows = rows
        self.unreadable: StateMisfit | None = None

    def add(self, link: SealLink) -> None:
        self._rows.append(link.kept())

    def last(self, tenant: str) -> KeptLink | None:
        rows = self.after(tenant, 0, len(self._rows))
        return rows[-1] if rows else None

    def of(self, key: CloseKey, limit: int, below: int | None = None) -> Sequence[KeptLink]:
        if self.unreadable is not None:
            raise self.unreadable
        named = (key.period.kind.value, key.period.first_day.isoformat())
        rows = self.after(key.tenant, 0, len(self._rows))
        found = [row for row in rows if (row.period_kind, row.first_day) == named]
        older = [row for row in found if below is None or row.number < below]
        return older[::-1][:limit]

    def after(self, tenant: str, number: int, limit: int) -> Sequence[KeptLink]:
        rows = [row for row in self._rows if row.tenant == tenant and row.number > number]
        return sorted(rows, key=lambda row: row.number)[:limit]

    def tenants_after(self, tenant: str, limit: int) -> Sequence[str]:
        return sorted({row.tenant for row in self._rows if row.tenant > tenant})[:limit]


class _Runs(InMemoryRuns):
    """Runs of which some can't be read."""

    unreadable: StateMisfit | None = None

    def get(self, run_id: str) -> RunRecord | None:
        if self.unreadable is not None:
            raise self.unreadable
        return super().get(run_id)


class _Retention(InMemoryRetention):
    """Says up to when runs were forgotten, and forgets none."""

    forgotten_before: datetime | None = None

    def runs_forgotten_before(self) -> datetime | None:
        return self.forgotten_before


class AlteredState:
    """Chains as ``rows``, and the runs of their links; one can be looked at alone.

    Without their runs, these are older than their retention, and ``forgotten_before`` says so.
    """

    def __init__(self, links: Sequence[SealLink], *, with_runs: bool = True) -> None:
        """Take the links, as their closes kept them."""
        self.rows = [link.kept() for link in links]
        self._log = UndoLog(1.0)
        self.runs = _Runs(self._log, self._has_link)
        self._whole = InMemoryState(InMemoryWorkQueue())
        self.unreadable: StateMisfit | None = None
        self.forgotten_before: datetime | None = None
        if with_runs:
            self.keep(*map(record_of, links))
        elif links:
            self.forgotten_before = max(link.sealed_at for link in links) + timedelta(days=1)

    def keep(self, *records: RunRecord) -> None:
        """Keep runs."""
        with self._log.transaction():
            for record in records:
                self.runs.add(record)

    def change(self, record: RunRecord) -> None:
        """Change a run."""
        with self._log.transaction():
            self.runs.save(record)

    def take_away(self, *run_ids: str) -> None:
        """Take runs out of the ledger, as no retention does."""
        with self._log.transaction():
            for run_id in run_ids:
                self.runs.forget(run_id)

    def bury(self, letter: DeadLetter) -> None:
        """Keep a dead letter."""
        with self._whole.turn() as turn:
            turn.dead_letters.save(letter)

    def note(self, *entries: TimelineEntry) -> None:
        """Keep what happened to runs."""
        with self._whole.turn() as turn:
            turn.timeline.add(entries)

    def turn(self) -> AbstractContextManager[Turn]:
        """Nothing is written while it is looked at."""
        raise NotImplementedError

    @contextmanager
    def look(self) -> Iterator[Turn]:
        """Open a transaction in which nothing is written."""
        with self._whole.turn() as turn, self._log.transaction():
            assert isinstance(turn, InMemoryTurn)
            seals = _Rows(self._log, self.rows)
            seals.unreadable = self.unreadable
            yield replace(turn, runs=self.runs, seals=seals, retention=self._retention(turn))

    def _retention(self, turn: InMemoryTurn) -> _Retention:
        retention = _Retention(
            self._log,
            self.runs,
            turn.timeline,
            turn.occurrences,
            turn.dead_letters,
            turn.executors,
        )
        retention.forgotten_before = self.forgotten_before
        return retention

    def _has_link(self, tenant: str, run_id: str) -> bool:
        return any(
            (row.tenant, row.run_id) == (tenant, run_id) and row.number > 0 for row in self.rows
        )
