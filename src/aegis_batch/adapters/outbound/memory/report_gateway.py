"""A Backend in memory."""

import json
from collections import deque
from dataclasses import replace as changed
from decimal import Decimal
from threading import Lock

from aegis_batch.application.ports.report_gateway import Receipt
from aegis_batch.domain.errors import AegisError, AnswerLost, BackendRefused
from aegis_batch.domain.report import Report, StoredReport
from aegis_batch.domain.run import CloseKey, Run

__all__ = ["InMemoryReportGateway"]


class InMemoryReportGateway:
    """Keeps reports by their key and, like the Backend, never replaces any.

    With ``keeps_revisions`` it does replace, and keeps what was there before in ``former``.
    ``find_faults`` and ``submit_faults`` hold errors that the next calls raise, oldest first; an
    ``AnswerLost`` is raised after the report was stored, as on a wire that breaks on the way back.
    """

    can_find = True
    identity = "memory"

    def __init__(self, *, keeps_revisions: bool = False) -> None:
        """Start without any report."""
        self.can_replace = keeps_revisions
        self.stored: dict[CloseKey, StoredReport] = {}
        self.former: dict[CloseKey, list[StoredReport]] = {}
        self.bodies: list[bytes] = []
        self.find_faults: deque[AegisError] = deque()
        self.submit_faults: deque[AegisError] = deque()
        self._lock = Lock()

    def find(self, run: Run, *, once: bool = False) -> StoredReport | None:
        """Return the report stored for the run's key, if there is one."""
        del once  # Nothing is repeated here.
        if self.find_faults:
            raise self.find_faults.popleft()
        return self.stored.get(run.key)

    def submit(self, run: Run, report: Report) -> Receipt:
        """Store a report, unless the key has one already."""
        return self._hand_over(run, report, is_replacing=False)

    def replace(self, run: Run, report: Report) -> Receipt:
        """Store a report in the place of a different one, where revisions are kept."""
        if not self.can_replace:
            raise BackendRefused("cannot_replace", "It can't replace a report.", "Settle it there.")
        return self._hand_over(run, report, is_replacing=True)

    def _hand_over(self, run: Run, report: Report, *, is_replacing: bool) -> Receipt:
        fault = self.submit_faults.popleft() if self.submit_faults else None
        if fault is not None and not isinstance(fault, AnswerLost):
            raise fault
        with self._lock:
            self.bodies.append(report.body())
            receipt = self._keep(run.key, report, is_replacing=is_replacing)
        if fault is not None:
            raise fault
        return receipt

    def _keep(self, key: CloseKey, report: Report, *, is_replacing: bool) -> Receipt:
        known = self.stored.get(key)
        if known is not None and not (is_replacing and known.differences(report)):
            return Receipt(200, 1, known, known.revision)
        former = self.former.setdefault(key, [])
        if known is not None:
            former.append(known)
        revision = len(former) + 1 if self.can_replace else None
        self.stored[key] = changed(_as_stored(report), revision=revision)
        return Receipt(201, 1, revision=revision)


def _as_stored(report: Report) -> StoredReport:
    # Through the bytes that a real Backend would get, so that what they say is what is kept.
    content = json.loads(report.body(), parse_float=Decimal, parse_int=Decimal)
    return StoredReport(
        report_date=report.report_date,
        total_orders=content["totalOrders"],
        total_revenue=content["totalRevenue"],
        top_items=report.top_items,
    )
