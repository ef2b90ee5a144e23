"""Judging a chain of seals: the first link that is not as it was kept, and what is wrong with it.

A link holds where its text has its digest, says what a link says, stands in the place that it
names, carries the digest of the one before it, and seals the body and the totals that it holds.
Where its run is still known, that run must say the same.
"""

from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from aegis_batch.domain.calendar import Period, PeriodKind
from aegis_batch.domain.report import digest_of_body
from aegis_batch.domain.run import RunState
from aegis_batch.domain.run_record import RunRecord
from aegis_batch.domain.seal_link import FIRST_PREVIOUS, KeptLink, SealLink, digest_of

__all__ = ["Breach", "BrokenLink", "Footing", "judge_link", "judge_run", "judge_stray", "unlinked"]


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
}


@dataclass(frozen=True, slots=True)
class Footing:
    """What the next link stands on: the number and the digest of the last that holds."""

    number: int = 0
    digest: str = FIRST_PREVIOUS


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
                f"The links hold, so trust them, not the row of the run: somebody changed it. See"
                f" what the program knows of it with aegis-batch runs show {self.run_id}, and find"
                " out who can write to the file of the state."
            )
        return (
            "Keep a copy of the file of the state for whoever looks into it. Then find the newest"
            " backup whose chain holds, with AEGIS_STATE_URL set to it: aegis-batch audit --check."
            " What was handed over is known by the Backend too."
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


def judge_link(kept: KeptLink, footing: Footing) -> SealLink | BrokenLink:
    """Return the link that was kept, or what is wrong with it, given the one that it follows."""
    number = footing.number + 1
    if kept.number != number:
        return BrokenLink(
            kept.tenant,
            number,
            Breach.MISSING,
            f"Link {number} is not there; the next that is there has the number {kept.number}.",
        )
    breach, detail = Breach.CONTENT, "Its text can't be read as a link."
    taken = digest_of(kept.content)
    if taken != kept.digest:
        breach, detail = Breach.DIGEST, f"Its text has {taken}, and {kept.digest} was kept."
    else:
        link = _read(kept.content)
        if link is not None:
            fault = _fault_of(link, kept, footing)
            if fault is None:
                return link
            breach, detail = fault
    return BrokenLink(kept.tenant, number, breach, detail, _period_text(kept), kept.run_id)


def judge_run(link: SealLink, record: RunRecord | None) -> BrokenLink | None:
    """Say what a link and its run don't agree about; nothing where they do.

    ``record`` is ``None`` where the run can't be read.
    """
    detail = "The row of its run can't be read."
    if record is not None:
        seal = link.sealed.seal
        said = {
            "state": (record.state, RunState.SUCCEEDED),
            "outcome": (record.outcome, link.outcome),
            "tenant": (record.key.tenant, link.key.tenant),
            "period": (str(record.key.period), str(link.key.period)),
            "orders": (record.orders, seal.orders_read),
            "seal": (record.seal, seal),
        }
        different = [name for name, (ours, theirs) in said.items() if ours != theirs]
        if not different:
            return None
        detail = f"Its run says something else about: {', '.join(different)}."
    return BrokenLink(
        link.key.tenant, link.number, Breach.RUN, detail, str(link.key.period), link.run_id
    )


def judge_stray(kept: KeptLink, footing: Footing) -> BrokenLink | None:
    """Return what is wrong with the lowest row of a chain that holds, where it is no part of it."""
    if kept.number > 0:
        return None
    return BrokenLink(
        kept.tenant,
        footing.number + 1,
        Breach.PLACE,
        f"A row has the number {kept.number}, and links count from 1.",
        _period_text(kept),
        kept.run_id,
    )


def unlinked(record: RunRecord, footing: Footing) -> BrokenLink:
    """Return what is wrong where a run was sealed and its chain, which holds, has no link of it."""
    return BrokenLink(
        record.key.tenant,
        footing.number + 1,
        Breach.MISSING,
        "The chain ends before it: a run that was confirmed and sealed has no link.",
        str(record.key.period),
        record.id,
    )


def _read(content: str) -> SealLink | None:
    try:
        link = SealLink.of(content)
        # What another text says the same in, no link was written as.
        return link if link.kept().content == content else None
    except ValueError:
        return None


def _fault_of(link: SealLink, kept: KeptLink, footing: Footing) -> tuple[Breach, str] | None:
    """Return the first fault of a link whose text has its digest, and what was found."""
    place, sealed = link.kept(), link.sealed
    columns = ("tenant", "number", "period_kind", "first_day", "run_id")
    moved = [name for name in columns if getattr(kept, name) != getattr(place, name)]
    if moved:
        told = "; ".join(
            f"{name} is {getattr(kept, name)} in the row and {getattr(place, name)} in the text"
            for name in moved
        )
        return Breach.PLACE, f"{told[0].upper()}{told[1:]}."
    if link.previous != footing.digest:
        return Breach.PREVIOUS, (
            f"It carries {link.previous}, and the link before it has {footing.digest}."
        )
    pairs = (
        (Breach.TOTALS, sealed.totals.digest(), sealed.seal.totals_digest),
        (Breach.BODY, digest_of_body(sealed.body), sealed.seal.body_digest),
    )
    for breach, taken, said in pairs:
        if taken != said:
            return breach, f"What it holds has {taken}, and its seal says {said}."
    return None


def _period_text(kept: KeptLink) -> str:
    try:
        return str(Period(PeriodKind(kept.period_kind), date.fromisoformat(kept.first_day)))
    except ValueError:
        return f"{kept.period_kind} {kept.first_day}"
