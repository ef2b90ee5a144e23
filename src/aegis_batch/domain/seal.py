"""The seal: the evidence of a close, from which it can be proved again."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from aegis_batch.domain.calendar import Window
from aegis_batch.domain.report import Report
from aegis_batch.domain.totals import Totals

__all__ = ["Seal", "Versions"]


@dataclass(frozen=True, slots=True)
class Versions:
    """What a report's bytes can depend on beside its orders."""

    program: str
    tzdata: str
    unicode: str


@dataclass(frozen=True, slots=True)
class Seal:
    """What was read, when and from which snapshot, and the digests of totals and body."""

    window: Window
    orders_read: int
    lines_read: int
    items_sold: Decimal
    distinct_items: int
    totals_digest: str
    body_digest: str
    snapshot: str
    read_at: datetime
    versions: Versions

    @classmethod
    def of(  # noqa: PLR0913 - a seal is made of just these
        cls,
        window: Window,
        totals: Totals,
        report: Report,
        *,
        snapshot: str,
        read_at: datetime,
        versions: Versions,
    ) -> "Seal":
        """Seal a report together with the totals that it was derived from."""
        return cls(
            window=window,
            orders_read=totals.orders,
            lines_read=totals.lines,
            items_sold=totals.items_sold,
            distinct_items=totals.distinct_items,
            totals_digest=totals.digest(),
            body_digest=report.digest(),
            snapshot=snapshot,
            read_at=read_at,
            versions=versions,
        )
