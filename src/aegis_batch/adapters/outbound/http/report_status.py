"""Asking the Backend itself whether a period is closed."""

from dataclasses import dataclass

import httpx

from aegis_batch.adapters.outbound.http.answers import parse_report, read_body
from aegis_batch.adapters.outbound.http.backend import Call, HttpBackend
from aegis_batch.adapters.outbound.http.errors import AttemptFailed, Failure
from aegis_batch.domain.calendar import PeriodKind
from aegis_batch.domain.report import StoredReport
from aegis_batch.domain.run import Run

__all__ = ["HttpReportStatus"]

_PATHS = {
    PeriodKind.DAY: "/reports/{}",
    PeriodKind.WEEK: "/reports/weekly/{}",
    PeriodKind.MONTH: "/reports/monthly/{}",
}


@dataclass(frozen=True, slots=True)
class _Found:
    stored: StoredReport | None


class HttpReportStatus:
    """Knows what ``GET /reports/{date}`` says, or the path for weeks, or that for months."""

    place: str | None = None

    def __init__(self, backend: HttpBackend) -> None:
        """Take the Backend."""
        self._backend = backend

    def find(self, run: Run, *, once: bool = False) -> StoredReport | None:
        """Return the report that closes a period; see the port of reports."""
        period = run.key.period
        path = _PATHS[period.kind].format(period.first_day.isoformat())

        def accept(response: httpx.Response) -> _Found | None:
            if response.status_code == httpx.codes.NOT_FOUND:
                return _Found(None)
            if response.status_code != httpx.codes.OK:
                return None
            stored = parse_report(read_body(response), response.status_code)
            if stored is None or stored.report_date != period.first_day:
                raise AttemptFailed(Failure.MALFORMED, response.status_code)
            return _Found(stored)

        found, _ = self._backend.make(Call("find", run, path), accept, once=once)
        return found.stored
