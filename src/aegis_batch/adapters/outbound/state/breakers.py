"""Circuit breakers in a table."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, select

from aegis_batch.adapters.outbound.state import statements
from aegis_batch.adapters.outbound.state.tables import breakers
from aegis_batch.domain.breaker import Breaker, BreakerState, Provider

__all__ = ["SqlBreakers"]


class SqlBreakers:
    """Keeps breakers by their provider, within a transaction; one statement each."""

    def __init__(self, connection: Connection) -> None:
        """Take the connection that the transaction is open on."""
        self._connection = connection

    def all(self) -> Sequence[Breaker]:
        """Return those that were ever saved; ``StateMisfit`` for a row that can be none."""
        return statements.read(self._connection, select(breakers), _breaker)

    def save(self, breaker: Breaker) -> None:
        """Keep where a breaker stands, in place of what was kept before."""
        statements.put(
            self._connection,
            breakers,
            {
                "provider": breaker.provider.value,
                "state": breaker.state.value,
                "failures": breaker.failures,
                "changed_at": breaker.changed_at,
            },
        )


def _breaker(row: Row[Any]) -> Breaker:
    return Breaker(Provider(row.provider), BreakerState(row.state), row.failures, row.changed_at)
