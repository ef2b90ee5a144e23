"""The chain of seals: what each confirmed close rests on, and the digest of the one before it.

Each tenant has a chain of its own. A link that is changed later no longer has the digest that the
next one carries, so that the change shows.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from aegis_batch.domain.calendar import Period, PeriodKind
from aegis_batch.domain.link_text import (
    instant_text,
    made_fields,
    made_of,
    seal_fields,
    seal_of,
    text,
    totals_fields,
    totals_of,
    whole,
)
from aegis_batch.domain.outcome import CloseResult, Outcome
from aegis_batch.domain.run import CloseKey
from aegis_batch.domain.run_facts import RunFacts
from aegis_batch.domain.seal import Seal
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
    """A confirmed close's place in its tenant's chain; ``number`` counts from 1.

    ``made`` says how its run came about; ``None`` in links from before that was kept, whose texts
    stay as they are.
    """

    number: int
    key: CloseKey
    run_id: str
    outcome: Outcome
    sealed_at: datetime
    previous: str
    sealed: SealedReport
    made: RunFacts | None = None

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
        fields = {
            "tenant": self.key.tenant,
            "number": self.number,
            "period": self.key.period.kind.value,
            "firstDay": self.key.period.first_day.isoformat(),
            "run": self.run_id,
            "outcome": self.outcome.value,
            "sealedAt": instant_text(self.sealed_at),
            "previous": self.previous,
            "seal": seal_fields(self.sealed.seal),
            "totals": totals_fields(self.sealed.totals),
            "body": self.sealed.body,
        }
        if self.made is not None:
            fields["made"] = made_fields(self.made)
        return _json(fields)


def digest_of(content: str) -> str:
    """Return ``sha256:`` and the digest of a link's text."""
    return "sha256:" + hashlib.sha256(content.encode()).hexdigest()


def _json(fields: dict[str, Any]) -> str:
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":"))


def _link_of(fields: dict[str, Any]) -> SealLink:
    period = Period(PeriodKind(fields["period"]), date.fromisoformat(fields["firstDay"]))
    return SealLink(
        number=whole(fields["number"]),
        key=CloseKey(text(fields["tenant"]), period),
        run_id=text(fields["run"]),
        outcome=Outcome(fields["outcome"]),
        sealed_at=datetime.fromisoformat(fields["sealedAt"]),
        previous=text(fields["previous"]),
        sealed=SealedReport(
            seal_of(fields["seal"]), totals_of(fields["totals"]), text(fields["body"])
        ),
        made=made_of(fields["made"]) if "made" in fields else None,
    )
