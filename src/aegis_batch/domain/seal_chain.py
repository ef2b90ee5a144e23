"""Judging a chain of seals: the first link that is not as it was kept, and what is wrong with it.

A link holds where its text has its digest, says what a link says, stands in the place that it
names, carries the digest of the one before it, and seals the body and the totals that it holds.
Where its run is still known, that run must say the same; where it isn't, it must be so old that
retention may have forgotten it.
"""

from dataclasses import dataclass, fields
from datetime import date, datetime

from aegis_batch.domain.broken_link import Breach, BrokenLink
from aegis_batch.domain.calendar import Period, PeriodKind
from aegis_batch.domain.report import digest_of_body
from aegis_batch.domain.run import RunState
from aegis_batch.domain.run_record import RunRecord
from aegis_batch.domain.seal import Seal
from aegis_batch.domain.seal_link import FIRST_PREVIOUS, KeptLink, SealLink, digest_of

__all__ = [
    "Footing",
    "judge_absence",
    "judge_alone",
    "judge_link",
    "judge_run",
    "judge_stray",
    "unlinked",
]


@dataclass(frozen=True, slots=True)
class Footing:
    """What the next link stands on: the number and the digest of the last that holds."""

    number: int = 0
    digest: str = FIRST_PREVIOUS


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
    return _judge(kept, footing)


def judge_alone(kept: KeptLink) -> SealLink | BrokenLink:
    """Return the link that was kept, or what is wrong with it, whatever the chain says of it."""
    return _judge(kept, None)


def _judge(kept: KeptLink, footing: Footing | None) -> SealLink | BrokenLink:
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
    return BrokenLink(kept.tenant, kept.number, breach, detail, _period_text(kept), kept.run_id)


def judge_run(link: SealLink, record: RunRecord | None) -> BrokenLink | None:
    """Say what a link and its run don't agree about; nothing where they do.

    ``record`` is ``None`` where the run can't be read.
    """
    detail = "The row of its run can't be read."
    if record is not None:
        seal = link.sealed.seal
        said: dict[str, tuple[object, object]] = {
            "state": (record.state, RunState.SUCCEEDED),
            "outcome": (record.outcome, link.outcome),
            "tenant": (record.key.tenant, link.key.tenant),
            "period": (str(record.key.period), str(link.key.period)),
            "orders": (record.orders, seal.orders_read),
            "seal": (record.seal, seal),
        }
        if link.made is not None:
            said["ended at"] = (record.ended_at, link.sealed_at)
        different = {name: pair for name, pair in said.items() if pair[0] != pair[1]}
        different |= {} if link.made is None else link.made.different(record)
        if not different:
            return None
        told = "; ".join(_told(name, *pair) for name, pair in different.items())
        detail = f"Its run says something else: {told}."
    return BrokenLink(
        link.key.tenant, link.number, Breach.RUN, detail, str(link.key.period), link.run_id
    )


def _told(name: str, in_run: object, in_link: object) -> str:
    if not isinstance(in_link, Seal):
        return f"{name} is {_shown(in_run)} in the run and {_shown(in_link)} in the link"
    if not isinstance(in_run, Seal):
        return f"{name} is none in the run"
    # A seal has many fields; those that differ are enough.
    return "; ".join(
        _told(f"{name} ({field.name.replace('_', ' ')})", ours, theirs)
        for field in fields(Seal)
        if (ours := getattr(in_run, field.name)) != (theirs := getattr(in_link, field.name))
    )


def _shown(value: object) -> object:
    return "none" if value is None else value


def judge_absence(link: SealLink, forgotten_before: datetime | None) -> BrokenLink | None:
    """Return what is wrong where a link's run is not there; nothing if it may be forgotten.

    ``forgotten_before`` is the instant before which a run must have ended for that; ``None`` where
    none was ever forgotten. A link is sealed at the instant at which its run ends.
    """
    if forgotten_before is not None and link.sealed_at < forgotten_before:
        return None
    until = "no run was ever deleted for its age"
    if forgotten_before is not None:
        until = f"only runs from before {forgotten_before:%Y-%m-%d %H:%M} UTC may be deleted"
    return BrokenLink(
        link.key.tenant,
        link.number,
        Breach.RUN_MISSING,
        f"Its run ended on {link.sealed_at:%Y-%m-%d %H:%M} UTC and is not in the ledger, though"
        f" {until}.",
        str(link.key.period),
        link.run_id,
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


def _fault_of(link: SealLink, kept: KeptLink, footing: Footing | None) -> tuple[Breach, str] | None:
    """Return the first fault of a link whose text has its digest, and what was found."""
    place, sealed = link.kept(), link.sealed
    columns = ("tenant", "number", "period_kind", "first_day", "run_id")
    moved = [name for name in columns if getattr(kept, name) != getattr(place, name)]
    if moved:
        told = "; ".join(
            f"{_COLUMNS.get(name, name)} is {getattr(kept, name)} in the row and"
            f" {getattr(place, name)} in the text"
            for name in moved
        )
        return Breach.PLACE, f"The {told}."
    if footing is not None and link.previous != footing.digest:
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


_COLUMNS = {"period_kind": "kind of period", "first_day": "first day", "run_id": "run"}


def _period_text(kept: KeptLink) -> str:
    try:
        return str(Period(PeriodKind(kept.period_kind), date.fromisoformat(kept.first_day)))
    except ValueError:
        return f"{kept.period_kind} {kept.first_day}"
