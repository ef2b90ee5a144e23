"""Puts what confirmed closes rest on into their tenants' chains of seals."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from aegis_batch.application.ports.turn import Turn
from aegis_batch.domain.outcome import Outcome
from aegis_batch.domain.run_facts import RunFacts
from aegis_batch.domain.run_record import RunRecord
from aegis_batch.domain.seal_link import FIRST_PREVIOUS, KeptLink, SealedReport, SealLink

__all__ = ["ToSeal", "add_seals"]


@dataclass(frozen=True, slots=True)
class ToSeal:
    """A confirmed close whose seal has no place in its chain yet."""

    run: RunRecord
    outcome: Outcome
    sealed: SealedReport


def add_seals(turn: Turn, closes: Sequence[ToSeal], at: datetime) -> None:
    """Add the next links, at most one a tenant, within the turn in which the runs end."""
    last = turn.many_seals.last([close.run.key.tenant for close in closes])
    turn.many_seals.add([_link_of(close, last.get(close.run.key.tenant), at) for close in closes])


def _link_of(close: ToSeal, last: KeptLink | None, at: datetime) -> SealLink:
    return SealLink(
        number=1 if last is None else last.number + 1,
        key=close.run.key,
        run_id=close.run.id,
        outcome=close.outcome,
        sealed_at=at,
        previous=FIRST_PREVIOUS if last is None else last.digest,
        sealed=close.sealed,
        made=RunFacts.of(close.run),
    )
