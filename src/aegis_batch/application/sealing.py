"""Puts what a confirmed close rests on into its tenant's chain of seals."""

from datetime import datetime

from aegis_batch.application.ports.turn import Turn
from aegis_batch.domain.outcome import Outcome
from aegis_batch.domain.run import Run
from aegis_batch.domain.seal_link import FIRST_PREVIOUS, SealedReport, SealLink

__all__ = ["add_seal"]


def add_seal(turn: Turn, run: Run, outcome: Outcome, sealed: SealedReport, at: datetime) -> None:
    """Add the next link, within the turn in which the run ends."""
    last = turn.seals.last(run.key.tenant)
    turn.seals.add(
        SealLink(
            number=1 if last is None else last.number + 1,
            key=run.key,
            run_id=run.id,
            outcome=outcome,
            sealed_at=at,
            previous=FIRST_PREVIOUS if last is None else last.digest,
            sealed=sealed,
        )
    )
