"""The chain of seals: what each confirmed close rests on, and the digest of the one before it.

Each tenant has a chain of its own. A link that is changed later no longer has the digest that the
next one carries, so that the change shows.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from aegis_batch.domain import exact
from aegis_batch.domain.calendar import Period, PeriodKind, Window
from aegis_batch.domain.consistency import Finding, Tally
from aegis_batch.domain.outcome import CloseResult, Outcome
from aegis_batch.domain.run import CloseKey
from aegis_batch.domain.seal import Seal, Versions
from aegis_batch.domain.totals import Totals

__all__ = ["FIRST_PREVIOUS", "KeptLink", "SealLink", "SealedReport", "digest_of"]

# What stands for the digest before the first link.
FIRST_PREVIOUS = "sha256:" + "0" * 64


@dataclass(frozen=True, slots=True)
class SealedReport:
    """A seal with what it seals: every item's quantity, and the body as it was sent."""

    seal: Seal
    totals: Totals
    body: str

    @classmethod
    def of(cls, result: CloseResult) -> "SealedReport | None":
        """Return what a close rests on; ``None`` unless it derived a report and was confirmed."""
        seal, totals, report = result.seal, result.totals, result.report
        if not result.outcome.is_success or seal is None or totals is None or report is None:
            return None
        return cls(seal, totals, report.body().decode())


@dataclass(frozen=True, slots=True)
class KeptLink:
    """A link as it is kept; ``content`` is its text, of which ``digest`` should be the digest.

    ``period_kind``, ``first_day`` (as ``YYYY-MM-DD``) and ``run_id`` stand beside the text, to be
    found by. Whatever somebody did to a row, it comes as text.
    """

    tenant: str
    number: int
    content: str
    digest: str
    period_kind: str
    first_day: str
    run_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SealLink:
    """A confirmed close's place in its tenant's chain; ``number`` counts from 1."""

    number: int
    key: CloseKey
    run_id: str
    outcome: Outcome
    sealed_at: datetime
    previous: str
    sealed: SealedReport

    def kept(self) -> KeptLink:
        """Return it as it is kept: one canonical text, the same from every Python."""
        content = self._content()
        period = self.key.period
        return KeptLink(
            tenant=self.key.tenant,
            number=self.number,
            content=content,
            digest=digest_of(content),
            period_kind=period.kind.value,
            first_day=period.first_day.isoformat(),
            run_id=self.run_id,
        )

    @classmethod
    def of(cls, content: str) -> "SealLink":
        """Return the link that a text was written from; ``ValueError`` where it was from none."""
        try:
            link = _link_of(json.loads(content))
            # What can't be written again was never written.
            link.kept()
        except (
            LookupError,
            TypeError,
            ArithmeticError,
            AttributeError,
            RecursionError,
        ) as error:
            raise ValueError("no link of a chain of seals") from error
        return link

    def _content(self) -> str:
        return _json(
            {
                "tenant": self.key.tenant,
                "number": self.number,
                "period": self.key.period.kind.value,
                "firstDay": self.key.period.first_day.isoformat(),
                "run": self.run_id,
                "outcome": self.outcome.value,
                "sealedAt": _instant_text(self.sealed_at),
                "previous": self.previous,
                "seal": _seal_fields(self.sealed.seal),
                "totals": _totals_fields(self.sealed.totals),
                "body": self.sealed.body,
            }
        )


def digest_of(content: str) -> str:
    """Return ``sha256:`` and the digest of a link's text."""
    return "sha256:" + hashlib.sha256(content.encode()).hexdigest()


def _json(fields: dict[str, Any]) -> str:
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":"))


def _instant_text(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat(timespec="microseconds")


def _seal_fields(seal: Seal) -> dict[str, Any]:
    window = seal.window
    return {
        "day": window.day.isoformat(),
        "start": _instant_text(window.start),
        "end": _instant_text(window.end),
        "wallStart": window.wall_start.isoformat(),
        "wallEnd": window.wall_end.isoformat(),
        "orders": seal.orders_read,
        "lines": seal.lines_read,
        "itemsSold": exact.canonical(seal.items_sold),
        "distinctItems": seal.distinct_items,
        "totalsDigest": seal.totals_digest,
        "bodyDigest": seal.body_digest,
        "snapshot": seal.snapshot,
        "readAt": _instant_text(seal.read_at),
        "program": seal.versions.program,
        "tzdata": seal.versions.tzdata,
        "unicode": seal.versions.unicode,
    }


def _totals_fields(totals: Totals) -> dict[str, Any]:
    return {
        "orders": totals.orders,
        "lines": totals.lines,
        "revenue": exact.canonical(totals.revenue),
        "items": [[name, exact.canonical(totals.items[name])] for name in sorted(totals.items)],
        "findings": [
            [finding.value, tally.count, list(tally.order_ids)]
            for finding in Finding
            if (tally := totals.tallies.get(finding)) is not None
        ],
    }


def _link_of(fields: dict[str, Any]) -> SealLink:
    period = Period(PeriodKind(fields["period"]), date.fromisoformat(fields["firstDay"]))
    return SealLink(
        number=_whole(fields["number"]),
        key=CloseKey(_text(fields["tenant"]), period),
        run_id=_text(fields["run"]),
        outcome=Outcome(fields["outcome"]),
        sealed_at=datetime.fromisoformat(fields["sealedAt"]),
        previous=_text(fields["previous"]),
        sealed=SealedReport(
            _seal_of(fields["seal"]), _totals_of(fields["totals"]), _text(fields["body"])
        ),
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    # No text that can't be written as UTF-8 was ever written.
    value.encode()
    return value


def _whole(value: object) -> int:
    if type(value) is not int:
        raise TypeError(value)
    return value


def _seal_of(fields: dict[str, Any]) -> Seal:
    return Seal(
        window=Window(
            day=date.fromisoformat(fields["day"]),
            start=datetime.fromisoformat(fields["start"]),
            end=datetime.fromisoformat(fields["end"]),
            wall_start=datetime.fromisoformat(fields["wallStart"]),
            wall_end=datetime.fromisoformat(fields["wallEnd"]),
        ),
        orders_read=_whole(fields["orders"]),
        lines_read=_whole(fields["lines"]),
        items_sold=Decimal(_text(fields["itemsSold"])),
        distinct_items=_whole(fields["distinctItems"]),
        totals_digest=_text(fields["totalsDigest"]),
        body_digest=_text(fields["bodyDigest"]),
        snapshot=_text(fields["snapshot"]),
        read_at=datetime.fromisoformat(fields["readAt"]),
        versions=Versions(*(_text(fields[name]) for name in ("program", "tzdata", "unicode"))),
    )


def _totals_of(fields: dict[str, Any]) -> Totals:
    return Totals(
        orders=_whole(fields["orders"]),
        lines=_whole(fields["lines"]),
        revenue=Decimal(_text(fields["revenue"])),
        items={_text(name): Decimal(_text(quantity)) for name, quantity in fields["items"]},
        tallies={
            Finding(finding): Tally(_whole(count), tuple(map(_text, order_ids)))
            for finding, count, order_ids in fields["findings"]
        },
    )
