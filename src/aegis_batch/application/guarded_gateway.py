"""Hands reports over only while this process may: it counts as living, and has a permit."""

from typing import Protocol

from aegis_batch.application.ports.report_gateway import Receipt, ReportGateway
from aegis_batch.application.rate_limiting import RateLimiting
from aegis_batch.domain.errors import BackendResting, LeaseLost
from aegis_batch.domain.report import Report, StoredReport
from aegis_batch.domain.run import Run

__all__ = ["GuardedReportGateway", "Held"]


class Held(Protocol):
    """Knows whether this process may still hand over what it is at."""

    def is_held(self) -> bool:
        """Say whether nobody else can be at the same work."""
        ...


class GuardedReportGateway:
    """Asks as the gateway behind it does, and looks before it hands over; see the port.

    Raises ``BackendResting`` where a permit is too far away to be waited for, ``LeaseLost`` where
    others may be at the same work, and ``StateUnavailable`` and ``StateMisfit`` where permits can't
    be asked for, beside what the other raises.
    """

    def __init__(
        self, reports: ReportGateway, lease: Held | None, limiting: RateLimiting | None
    ) -> None:
        """Take who is handed reports, the lease of this process, and what gives permits, if any."""
        self._reports = reports
        self._lease = lease
        self._limiting = limiting

    @property
    def can_find(self) -> bool:
        """Whether there is a source that can be asked for reports."""
        return self._reports.can_find

    @property
    def identity(self) -> str:
        """Which Backend this is."""
        return self._reports.identity

    @property
    def can_replace(self) -> bool:
        """Whether a report can be put in the place of a different one."""
        return self._reports.can_replace

    def find(self, run: Run, *, once: bool = False) -> StoredReport | None:
        """Return the report that closes the run's period, or ``None`` where there is none."""
        return self._reports.find(run, once=once)

    def submit(self, run: Run, report: Report) -> Receipt:
        """Hand a report over; doing it twice is harmless."""
        self._make_sure(run)
        return self._reports.submit(run, report)

    def replace(self, run: Run, report: Report) -> Receipt:
        """Put a report in the place of a different one."""
        self._make_sure(run)
        return self._reports.replace(run, report)

    def _make_sure(self, run: Run) -> None:
        later = None if self._limiting is None else self._limiting.wait(run.key.tenant)
        if later is not None:
            raise BackendResting(
                "rate_limited",
                "No more reports may be handed over before"
                f" {later.isoformat(timespec='seconds')}: so say AEGIS_RATE_LIMIT and"
                " AEGIS_TENANT_RATE_LIMIT.",
                "Nothing needs to be done: it is handed over then.",
                later,
            )
        # Last of all: whatever was waited for may have frozen this process.
        if self._lease is not None and not self._lease.is_held():
            raise LeaseLost(
                "lease_lost",
                "This process gave no sign of life for too long, so that others may be at the same"
                " close: the report was not handed over.",
                "Nothing needs to be done: whoever has the close now hands it over. One by hand"
                " may be started again.",
            )
