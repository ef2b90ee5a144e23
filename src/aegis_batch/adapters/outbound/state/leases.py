"""Leases, in a table."""

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Row, func, select, update

from aegis_batch.adapters.outbound.state import statements
from aegis_batch.adapters.outbound.state.executors import living_names
from aegis_batch.adapters.outbound.state.tables import counters, leases

__all__ = ["SqlLeases"]

_TOKENS = "lease_tokens"
_NAMES_A_STATEMENT = 500


class SqlLeases:
    """Keeps leases by their name, within a transaction; many are taken with a few statements."""

    def __init__(self, connection: Connection, now: Callable[[], datetime]) -> None:
        """Take the connection that the transaction is open on, and the clock of the state."""
        self._connection = connection
        self._now = now

    def take(self, former: Mapping[str, int], executor: str) -> Mapping[str, int]:
        """Take those of the leases that nobody living holds, and return their fencing tokens."""
        living = living_names(self._connection)
        if not former or executor not in living:
            return {}
        taken = {
            row.name
            for row in self._kept(former)
            if row.executor in living and (row.executor, row.token) != (executor, former[row.name])
        }
        # One after the other, in an order that two who take the same would share.
        free = sorted(set(former) - taken)
        if not free:
            return {}
        last = self._count_up(len(free))
        tokens = {name: last - len(free) + place for place, name in enumerate(free, start=1)}
        at = self._now()
        statements.put(
            self._connection,
            leases,
            [
                {"name": name, "executor": executor, "token": token, "taken_at": at}
                for name, token in tokens.items()
            ],
        )
        return tokens

    def held(self, tokens: Mapping[str, int], executor: str) -> Collection[str]:
        """Return those of the names that the executor still holds under these tokens."""
        if not tokens or executor not in living_names(self._connection):
            return set()
        return self._own(tokens, executor)

    def give_back(self, tokens: Mapping[str, int], executor: str) -> None:
        """Give leases back; those that others have taken over meanwhile stay theirs."""
        for names in _batches(sorted(self._own(tokens, executor))):
            are_they = statements.is_any_of(self._connection, leases.c.name, names)
            self._connection.execute(leases.delete().where(are_they))

    def free(self, executors: Collection[str]) -> int:
        """Take all their leases away from executors; return how many."""
        if not executors:
            return 0
        freed = self._connection.execute(
            leases.delete().where(leases.c.executor.in_(sorted(executors)))
        )
        return freed.rowcount

    def holders(self, prefix: str) -> Mapping[str, str]:
        """Return the leases that are held whose names begin so, each with its living executor."""
        living = living_names(self._connection)
        found = self._connection.execute(
            select(leases.c.name, leases.c.executor).where(
                func.substr(leases.c.name, 1, len(prefix)) == prefix
            )
        )
        return {row.name: row.executor for row in found if row.executor in living}

    def _own(self, tokens: Mapping[str, int], executor: str) -> set[str]:
        return {
            row.name
            for row in self._kept(tokens)
            if row.executor == executor and row.token == tokens[row.name]
        }

    def _kept(self, names: Collection[str]) -> Iterator[Row[Any]]:
        for some in _batches(names):
            are_they = statements.is_any_of(self._connection, leases.c.name, some)
            yield from self._connection.execute(select(leases).where(are_they))

    def _count_up(self, by: int) -> int:
        """Return the counter's new value, which no other transaction has seen."""
        statements.add_new(self._connection, counters, {"name": _TOKENS, "value": 0})
        counted = self._connection.scalar(
            update(counters)
            .where(counters.c.name == _TOKENS)
            .values(value=counters.c.value + by)
            .returning(counters.c.value)
        )
        assert counted is not None  # noqa: S101 - the row is there, by the statement before
        return int(counted)


def _batches(names: Collection[str]) -> Iterator[list[str]]:
    remaining = iter(names)
    while batch := list(islice(remaining, _NAMES_A_STATEMENT)):
        yield batch
