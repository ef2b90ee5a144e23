"""A link of a chain of seals that doesn't hold: what is wrong with it, and what to do."""

from dataclasses import dataclass, replace
from enum import StrEnum

from aegis_batch.domain.outcome import Problem
from aegis_batch.domain.run_record import RunRecord

__all__ = ["Breach", "BrokenLink"]


class Breach(StrEnum):
    """What can be wrong with a link."""

    MISSING = "missing"
    DIGEST = "digest"
    CONTENT = "content"
    PLACE = "place"
    PREVIOUS = "previous"
    TOTALS = "totals"
    BODY = "body"
    RUN = "run"
    RUN_MISSING = "run_missing"

    @property
    def meaning(self) -> str:
        """What it means, as a clause for people."""
        return _MEANINGS[self]


_MEANINGS = {
    Breach.MISSING: "a link is missing",
    Breach.DIGEST: "the link's text is not the one that its digest was taken of",
    Breach.CONTENT: "the link's text is none that this program writes",
    Breach.PLACE: "the link stands in a place other than its own",
    Breach.PREVIOUS: "the link does not carry the digest of the one before it",
    Breach.TOTALS: "the totals in the link are not those that were sealed",
    Breach.BODY: "the report in the link is not the one that was sealed",
    Breach.RUN: "the run in the ledger does not say what its link says",
    Breach.RUN_MISSING: "the run of the link was taken out of the ledger",
}


@dataclass(frozen=True, slots=True)
class BrokenLink:
    """The first link of a tenant's chain that doesn't hold.

    ``detail`` tells what was found, in words. ``period`` and ``run_id`` are those that its row
    names, which may have been changed; ``None`` where there is no row.
    """

    tenant: str
    number: int
    breach: Breach
    detail: str
    period: str | None = None
    run_id: str | None = None

    @property
    def remedy(self) -> str:
        """What to do about it."""
        if self.breach is Breach.RUN:
            return (
                "The links hold, so trust them, not the row of the run: somebody changed it. Find"
                " the row as it was in a backup, with AEGIS_STATE_URL set to it: aegis-batch runs"
                f" show {self.run_id}, and find out who can write to the state."
            )
        if self.breach is Breach.RUN_MISSING:
            return (
                "The links hold, so trust them: what was sent is known, and how the run went is"
                " not. Find the row in a backup, with AEGIS_STATE_URL set to it: aegis-batch runs"
                f" show {self.run_id}, and find out who can write to the state."
            )
        return (
            "Keep a copy of the state for whoever looks into it. Then find the newest"
            " backup whose chain holds, with AEGIS_STATE_URL set to it: aegis-batch audit --check."
            " What was handed over is known by whoever took it, too."
        )

    def as_problem(self) -> Problem:
        """Return it as the problem of its period, which has a seal that nothing can rest on."""
        return Problem(
            code="seal_changed",
            message=f"Link {self.number} of {self.tenant}, the seal of {self.period}, is not as it"
            f" was kept: {self.breach.meaning}. See: aegis-batch audit --check.",
            remedy=self.remedy,
            retryable=False,
        )

    def of_run(self, record: RunRecord) -> "BrokenLink":
        """Return it with the run whose link may be the one that is missing."""
        if self.breach is not Breach.MISSING or self.run_id is not None:
            return self
        return replace(
            self,
            detail=f"{self.detail} A run that was confirmed and sealed has no link.",
            period=str(record.key.period),
            run_id=record.id,
        )
