"""A Backend in memory."""

import json
from collections import deque
from decimal import Decimal

from aegis_batch.application.ports.report_gateway import Receipt
from aegis_batch.domain.errors import AegisError, AnswerLost
from aegis_batch.domain.report import Report, StoredReport
from aegis_batch.domain.run import CloseKey, Run

__all__ = ["InMemoryReportGateway"]


class InMemoryReportGateway:
    """Keeps reports by their key and, like the real one, never replaces any.

    ``find_faults`` and ``submit_faults`` hold errors that the next calls raise, oldest first; an
    ``AnswerLost`` is raised after the report was stored, as on a wire that breaks on the way back.
    """

    can_find = True
    identity = "memory"

    def __init__(self) -> None:
        """Start without any report."""
        self.stored: dict[CloseKey, StoredReport] = {}
        self.bodies: list[bytes] = []
        self.find_faults: deque[AegisError] = deque()
        self.submit_faults: deque[AegisError] = deque()

    def find(self, run: Run, *, once: bool = False) -> StoredReport | None:
        """Return the report stored for the run's key, if there is one."""
        del once  # Nothing is repeated here.
        if self.find_faults:
            raise self.find_faults.popleft()
        return self.stored.get(run.key)

    def submit(self, run: Run, report: Report) -> Receipt:
        """Store a report, unless the key has one already."""
        fault = self.submit_faults.popleft() if self.submit_faults else None
        if fault is not None and not isinstance(fault, AnswerLost):
            raise fault
        self.bodies.append(report.body())
        # One step, so that of several threads only one creates the report.
        ours = _as_stored(report)
        known = self.stored.setdefault(run.key, ours)
        if fault is not None:
            raise fault
        return Receipt(201, 1) if known is ours else Receipt(200, 1, known)


def _as_stored(report: Report) -> StoredReport:
    # Through the bytes that a real Backend would get, so that what they say is what is kept.
    content = json.loads(report.body(), parse_float=Decimal, parse_int=Decimal)
    return StoredReport(
        report_date=report.report_date,
        total_orders=content["totalOrders"],
        total_revenue=content["totalRevenue"],
        top_items=report.top_items,
    )
