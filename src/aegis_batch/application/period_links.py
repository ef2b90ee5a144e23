"""The links of one period: which of them tells what was sent, and what the others say."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from aegis_batch.application.ports.turn import Turn
from aegis_batch.domain.broken_link import BrokenLink
from aegis_batch.domain.consistency import Finding, Tally
from aegis_batch.domain.outcome import Outcome
from aegis_batch.domain.run import CloseKey
from aegis_batch.domain.seal_chain import judge_alone
from aegis_batch.domain.seal_link import KeptLink, SealLink

__all__ = ["LinkInShort", "PeriodLinks"]

# A link holds every item of its period, so that few are read at a time.
_LINKS_A_PAGE = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkInShort:
    """A link without its items and its body, for which the digests stand."""

    number: int
    run_id: str
    outcome: Outcome
    sealed_at: datetime
    totals_digest: str
    body_digest: str
    tallies: Mapping[Finding, Tally]
    fault: BrokenLink | None = None

    @classmethod
    def of(cls, link: SealLink, fault: BrokenLink | None = None) -> "LinkInShort":
        """Return a link in short; ``fault`` is what is wrong with it by itself."""
        seal = link.sealed.seal
        return cls(
            number=link.number,
            run_id=link.run_id,
            outcome=link.outcome,
            sealed_at=link.sealed_at,
            totals_digest=seal.totals_digest,
            body_digest=seal.body_digest,
            tallies=link.sealed.totals.tallies,
            fault=fault,
        )

    def different(self, other: "LinkInShort") -> tuple[str, ...]:
        """Return what two links of a period don't agree about.

        It is any of ``totals``, ``body`` and ``findings``, which are in neither of the digests.
        """
        pairs: dict[str, tuple[object, object]] = {
            "totals": (self.totals_digest, other.totals_digest),
            "body": (self.body_digest, other.body_digest),
            "findings": (self.tallies, other.tallies),
        }
        return tuple(name for name, (ours, theirs) in pairs.items() if ours != theirs)


@dataclass(frozen=True, slots=True)
class PeriodLinks:
    """The links of a period, newest first.

    ``shown`` is the one that a proof is about: the newest whose run saw its report taken; where
    there is none, the newest that found it there; ``None`` without any. ``kept`` is how that one is
    kept, of which it is what can be read, and ``fault`` what is wrong with it by itself. ``listed``
    are all. Where one of them can't be read, they ``are_unreadable``, and none is here.
    """

    shown: SealLink | None = None
    kept: KeptLink | None = None
    fault: BrokenLink | None = None
    listed: tuple[LinkInShort, ...] = ()
    are_unreadable: bool = False

    @classmethod
    def of(cls, turn: Turn, key: CloseKey) -> "PeriodLinks":
        """Return the links of a period; none where one of them can't be read.

        Raises ``StateUnavailable`` and ``StateMisfit``.
        """
        try:
            return cls._of(_newest_first(turn, key))
        except ValueError:
            # What is wrong with it, the check of its chain says.
            return cls(are_unreadable=True)

    @classmethod
    def _of(cls, links: Iterable[KeptLink]) -> "PeriodLinks":
        found = cls()
        listed: list[LinkInShort] = []
        for kept in links:
            link, judged = SealLink.of(kept.content), judge_alone(kept)
            fault = judged if isinstance(judged, BrokenLink) else None
            is_sent = link.outcome is Outcome.CREATED
            if found.shown is None or (is_sent and not found.was_sent):
                found = cls(link, kept, fault)
            listed.append(LinkInShort.of(link, fault))
        return replace(found, listed=tuple(listed))

    @property
    def was_sent(self) -> bool:
        """Whether the run of the link that is shown saw its report taken."""
        return self.shown is not None and self.shown.outcome is Outcome.CREATED

    @property
    def later_differ(self) -> bool:
        """Whether a link that came after the one that is shown has other totals or another body."""
        return any(
            self.different(link)
            for link in self.listed
            if self.shown is not None and link.number > self.shown.number
        )

    @property
    def differ(self) -> bool:
        """Whether any of them has totals or a body other than the one that is shown."""
        return any(map(self.different, self.listed))

    def different(self, link: LinkInShort) -> tuple[str, ...]:
        """Return what a link and the one that is shown don't agree about."""
        return () if self.shown is None else link.different(LinkInShort.of(self.shown))


def _newest_first(turn: Turn, key: CloseKey) -> Iterator[KeptLink]:
    below: int | None = None
    while page := turn.seals.of(key, _LINKS_A_PAGE, below):
        yield from page
        below = page[-1].number
