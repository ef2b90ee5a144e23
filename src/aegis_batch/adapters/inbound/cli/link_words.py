"""Plain words about the links of a period, the same on the page of a proof and in its text."""

from aegis_batch.application.period_links import LinkInShort, PeriodLinks
from aegis_batch.application.proving import Proof
from aegis_batch.domain.outcome import Outcome
from aegis_batch.domain.report_keeper import ReportKeeper
from aegis_batch.domain.seal_link import digest_of

__all__ = [
    "OTHERWISE_EARLIER",
    "OTHERWISE_LATER",
    "digest_facts",
    "doubt_sentence",
    "found_sentence",
    "link_said",
    "report_heading",
]

OTHERWISE_LATER = "The evidence holds, but a later look at the orders found other figures"
OTHERWISE_EARLIER = "The evidence holds; an earlier link of the period has other figures"


def report_heading(proof: Proof) -> str:
    """Return what the report of a proof is: sent, found, or found and perhaps sent from here."""
    if proof.link_fault is not None:
        return f"What the ledger now says was {'sent' if proof.links.was_sent else 'found'}"
    if proof.links.was_sent:
        return "What was sent"
    if proof.may_have_been_sent:
        return "What was found, and may have been sent from here"
    return "What was found, not sent"


def found_sentence(proof: Proof, keeper: ReportKeeper) -> str:
    """Return what it means that no run saw the report taken, in a few sentences."""
    sender = (
        "It may have been sent by an earlier attempt of the same run, or by another run below,"
        " whose answer was lost."
        if proof.may_have_been_sent
        else "Who sent it is not known here: nothing in this ledger says that one of its runs may"
        " have. A close by hand that was killed leaves no run."
    )
    return (
        "No run that is sealed here was told that its report had been taken:"
        f" {keeper.named} already held one, equal to the one below, which was derived here to"
        f" compare. {sender}"
    )


def doubt_sentence(proof: Proof) -> str:
    """Return why a link can't be relied on, in a few sentences; nothing where it can."""
    fault = proof.link_fault
    if fault is None:
        return ""
    return (
        "This is what the ledger says now, and it does not fit what was kept (link"
        f" {fault.number}: {fault.breach.meaning}). {fault.detail}"
    )


def digest_facts(proof: Proof) -> list[tuple[str, str]]:
    """Return the digest of a proof's link, and beside it that of its text where they differ."""
    kept = proof.links.kept
    if kept is None:
        return []
    taken = digest_of(kept.content)
    if taken == kept.digest:
        return [("link", kept.digest)]
    return [("link, as kept", kept.digest), ("link, as it is", f"{taken}, WHICH DOES NOT FIT")]


def link_said(proof: Proof, link: LinkInShort) -> str:
    """Return what a link is among those of its period, as a clause."""
    links = proof.links
    is_shown = links.shown is not None and links.shown.number == link.number
    fault = proof.link_fault if is_shown else link.fault
    said = _said(links, link, is_shown=is_shown, is_doubted=fault is not None)
    return said if fault is None else f"{said}; DOES NOT FIT what was kept"


def _said(links: PeriodLinks, link: LinkInShort, *, is_shown: bool, is_doubted: bool) -> str:
    is_sent = link.outcome is Outcome.CREATED
    if is_shown:
        this_is = "this is what the ledger now says was" if is_doubted else "this is what was"
        return f"{this_is} {'sent' if is_sent else 'found'}"
    said = "was sent before" if is_sent else "looked again, and sent nothing"
    different = links.different(link)
    return f"{said}; OTHER {', '.join(different)}" if different else f"{said}; the same figures"
