"""Dead letters, in a table."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, Select, select

from aegis_batch.adapters.outbound.state import statements
from aegis_batch.adapters.outbound.state.documents import problem_of, problem_text
from aegis_batch.adapters.outbound.state.keys import key_columns, key_of
from aegis_batch.adapters.outbound.state.tables import dead_letters
from aegis_batch.domain.dead_letter import DeadLetter, DeadLetterState
from aegis_batch.domain.outcome import Outcome
from aegis_batch.domain.run import CloseKey, JobKind

__all__ = ["SqlDeadLetters"]

_OF_A_PERIOD = [job.value for job in JobKind if job.is_of_a_period]
_NEWEST_FIRST = (dead_letters.c.died_at.desc(), dead_letters.c.run_id.desc())


class SqlDeadLetters:
    """Keeps dead letters by the id of their run, within a transaction."""

    def __init__(self, connection: Connection) -> None:
        """Take the connection that the transaction is open on."""
        self._connection = connection

    def save(self, letter: DeadLetter) -> None:
        """Keep a dead letter, in the place of the one of the same run."""
        statements.put(self._connection, dead_letters, _row_of(letter))

    def get(self, run_id: str) -> DeadLetter | None:
        """Return the dead letter of a run; ``None`` where there is none."""
        return self._first(select(dead_letters).where(dead_letters.c.run_id == run_id))

    def newest(
        self, state: DeadLetterState | None, limit: int, *, tenant: str | None = None
    ) -> Sequence[DeadLetter]:
        """Return dead letters, in one state or in any, the last to die first."""
        statement = select(dead_letters).order_by(*_NEWEST_FIRST).limit(limit)
        if state is not None:
            statement = statement.where(dead_letters.c.state == state.value)
        if tenant is not None:
            statement = statement.where(dead_letters.c.tenant == tenant)
        return statements.read(self._connection, statement, _letter_of)

    def of(self, key: CloseKey, limit: int) -> Sequence[DeadLetter]:
        """Return the dead letters of closes with this key, the last to die first."""
        conditions = [dead_letters.c[name] == value for name, value in key_columns(key).items()]
        conditions.append(dead_letters.c.job.in_(_OF_A_PERIOD))
        statement = select(dead_letters).where(*conditions).order_by(*_NEWEST_FIRST).limit(limit)
        return statements.read(self._connection, statement, _letter_of)

    def open_of(self, key: CloseKey, job: JobKind) -> DeadLetter | None:
        """Return the newest open dead letter of a key's job, if there is one."""
        columns = {
            **key_columns(key),
            "state": DeadLetterState.OPEN.value,
            # A night goes by the key of a day, too, and says nothing of that day's close.
            "job": job.value,
        }
        statement = select(dead_letters).where(
            *(dead_letters.c[name] == value for name, value in columns.items())
        )
        return self._first(statement.order_by(*_NEWEST_FIRST).limit(1))

    def _first(self, statement: Select[Any]) -> DeadLetter | None:
        found = statements.read(self._connection, statement, _letter_of)
        return found[0] if found else None


def _row_of(letter: DeadLetter) -> dict[str, object]:
    return {
        "run_id": letter.run_id,
        "job": letter.job.value,
        **key_columns(letter.key),
        "outcome": letter.outcome.value,
        "problem": problem_text(letter.problem),
        "attempts": letter.attempts,
        "died_at": letter.died_at,
        "state": letter.state.value,
        "decided_by": letter.decided_by,
        "decided_at": letter.decided_at,
        "reason": letter.reason,
        "replayed_as": letter.replayed_as,
    }


def _letter_of(row: Row[Any]) -> DeadLetter:
    return DeadLetter(
        run_id=row.run_id,
        job=JobKind(row.job),
        key=key_of(row),
        outcome=Outcome(row.outcome),
        problem=problem_of(row.problem),
        attempts=row.attempts,
        died_at=row.died_at,
        state=DeadLetterState(row.state),
        decided_by=row.decided_by,
        decided_at=row.decided_at,
        reason=row.reason,
        replayed_as=row.replayed_as,
    )
