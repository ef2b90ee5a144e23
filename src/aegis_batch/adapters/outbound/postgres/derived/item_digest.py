"""The digest beside each item of a report: what shows that its row was changed by hand."""

import hashlib

from aegis_batch.domain import exact
from aegis_batch.domain.report import TopItem
from aegis_batch.domain.run import CloseKey

__all__ = ["item_digest"]


def item_digest(key: CloseKey, revision: int, report_digest: str, rank: int, item: TopItem) -> str:
    """Return ``sha256:`` and the digest of a row, and of the report that it belongs to.

    It is taken of the lines of tenant, kind of period, first day, revision, the report's digest,
    rank, quantity and name, so that the server can take it too; the name is the last, since it
    alone may have line ends in it. A migration has the same in SQL.
    """
    period = key.period
    lines = (
        key.tenant,
        period.kind.value,
        period.first_day.isoformat(),
        str(revision),
        report_digest,
        str(rank),
        exact.canonical(item.quantity),
        item.name,
    )
    return "sha256:" + hashlib.sha256("\n".join(lines).encode()).hexdigest()
