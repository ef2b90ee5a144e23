"""Handing reports to the Backend over HTTP."""

from hashlib import sha256
from typing import Protocol

import httpx

from aegis_batch.adapters.outbound.http.answers import parse_report, read_body
from aegis_batch.adapters.outbound.http.backend import Call, HttpBackend
from aegis_batch.application.ports.report_gateway import Receipt
from aegis_batch.domain.calendar import PeriodKind
from aegis_batch.domain.errors import InvalidRequest
from aegis_batch.domain.report import Report, StoredReport
from aegis_batch.domain.run import Run

__all__ = ["HttpReportGateway", "ReportStatus"]

_PATHS = {
    PeriodKind.DAY: "/internal/reports/daily",
    PeriodKind.WEEK: "/internal/reports/weekly",
    PeriodKind.MONTH: "/internal/reports/monthly",
}
_IDENTITY_DIGITS = 16


class ReportStatus(Protocol):
    """Knows which periods are closed: the Backend by a GET, or a table."""

    @property
    def place(self) -> str | None:
        """Where that is kept; ``None`` for the Backend itself. No secret stands in it."""
        ...

    def find(self, run: Run, *, once: bool = False) -> StoredReport | None:
        """Return the report that closes a period; see the port of reports."""
        ...


class HttpReportGateway:
    """Hands reports over, and asks a source of its owner's choice what is closed."""

    def __init__(self, backend: HttpBackend | None, status: ReportStatus | None) -> None:
        """Take the Backend, and where to ask for reports; ``None`` where nothing can be asked.

        Without a Backend no report can be handed over, which a rehearsal never does.
        """
        self._backend = backend
        self._status = status

    @property
    def can_find(self) -> bool:
        """Whether there is a source that can be asked for reports."""
        return self._status is not None

    @property
    def identity(self) -> str:
        """A digest of the address, and of where else it is kept what is closed; see the port."""
        kept_elsewhere = None if self._status is None else self._status.place
        places = [None if self._backend is None else self._backend.base_url, kept_elsewhere]
        told = "\n".join(place or "" for place in places)
        return sha256(told.encode()).hexdigest()[:_IDENTITY_DIGITS]

    def find(self, run: Run, *, once: bool = False) -> StoredReport | None:
        """Return the report that closes the run's period; see the port."""
        return None if self._status is None else self._status.find(run, once=once)

    def submit(self, run: Run, report: Report) -> Receipt:
        """Hand a report over; see the port."""
        if self._backend is None:
            raise InvalidRequest(
                "missing_setting",
                "There is no Backend to hand the report to.",
                "Set BACKEND_BASE_URL and X_SERVICE_TOKEN.",
            )
        call = Call("submit", run, _PATHS[run.key.period.kind], report.body())
        receipt, attempts = self._backend.make(call, _accept)
        return Receipt(receipt.status, attempts, receipt.stored)

    def close(self) -> None:
        """Close the connections to the Backend."""
        if self._backend is not None:
            self._backend.close()


def _accept(response: httpx.Response) -> Receipt | None:
    if response.status_code == httpx.codes.CREATED:
        return Receipt(response.status_code, 1)
    if response.status_code == httpx.codes.OK:
        stored = parse_report(read_body(response), response.status_code)
        return Receipt(response.status_code, 1, stored)
    return None
