"""The registry of executors, in a table."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, delete, not_, or_, select, update

from aegis_batch.adapters.outbound.state import statements
from aegis_batch.adapters.outbound.state.tables import executors
from aegis_batch.application.ports.executors import Executor

__all__ = ["SqlExecutors", "living_names"]

_LIVING = and_(not_(executors.c.stopped), not_(executors.c.buried))


def living_names(connection: Connection) -> set[str]:
    """Return the names of all executors that have neither stopped nor been buried."""
    return set(connection.scalars(select(executors.c.executor).where(_LIVING)))


class SqlExecutors:
    """Keeps executors by their name, within a transaction."""

    def __init__(self, connection: Connection, now: Callable[[], datetime]) -> None:
        """Take the connection that the transaction is open on, and the clock of the state."""
        self._connection = connection
        self._now = now

    def register(self, executor: Executor, *, renews: bool = False) -> None:
        """Keep an executor as living; ``ValueError`` for a known name, unless it ``renews``."""
        row = {
            "executor": executor.name,
            "role": executor.role,
            "version": executor.version,
            "started_at": executor.started_at,
            "beaten_at": self._now(),
            "lease_seconds": executor.lease_seconds,
            "stopped": False,
            "buried": False,
        }
        if renews:
            statements.put(self._connection, executors, row)
        elif not statements.add_new(self._connection, executors, row):
            raise ValueError(f"known: {executor.name}")

    def beat(self, name: str) -> bool:
        """Keep a sign of life; ``False`` where the executor is not living."""
        return self._change(name, beaten_at=self._now())

    def stop(self, name: str) -> None:
        """Keep that an executor went in good order, now."""
        self._change(name, beaten_at=self._now(), stopped=True)

    def bury_silent(self, limit: int, among: Collection[str] | None = None) -> Sequence[Executor]:
        """Mark as dead who has been silent for its lease, and return them, at most ``limit``."""
        now = self._now()
        # A few rows. Their leases differ, and databases differ in how they add to an instant.
        living = self._read(select(executors).where(_LIVING).order_by(executors.c.executor))
        silent = [
            each
            for each in living
            if each.is_silent_at(now) and (among is None or each.name in among)
        ][:limit]
        if not silent:
            return []
        # Signs of life wait for no turn: whoever gives one at this very moment is not buried.
        still = or_(
            *(
                and_(executors.c.executor == each.name, executors.c.beaten_at == each.beaten_at)
                for each in silent
            )
        )
        buried = set(
            self._connection.scalars(
                update(executors)
                .where(_LIVING, still)
                .values(buried=True)
                .returning(executors.c.executor)
            )
        )
        return [replace(each, buried=True) for each in silent if each.name in buried]

    def forget(self, name: str) -> None:
        """Take an executor out of the registry."""
        self._connection.execute(delete(executors).where(executors.c.executor == name))

    def living(self) -> Collection[str]:
        """Return the names of all that are living, silent or not."""
        return living_names(self._connection)

    def all(self, limit: int) -> Sequence[Executor]:
        """Return executors, the last to give a sign of life first, at most ``limit``."""
        newest_first = (executors.c.beaten_at.desc(), executors.c.executor.desc())
        return self._read(select(executors).order_by(*newest_first).limit(limit))

    def _change(self, name: str, **values: object) -> bool:
        changed = self._connection.execute(
            update(executors).where(executors.c.executor == name, _LIVING).values(**values)
        )
        return changed.rowcount == 1

    def _read(self, statement: Select[Any]) -> Sequence[Executor]:
        return statements.read(self._connection, statement, _executor_of)


def _executor_of(row: Row[Any]) -> Executor:
    return Executor(
        name=row.executor,
        role=row.role,
        version=row.version,
        started_at=row.started_at,
        beaten_at=row.beaten_at,
        lease_seconds=row.lease_seconds,
        stopped=row.stopped,
        buried=row.buried,
    )
