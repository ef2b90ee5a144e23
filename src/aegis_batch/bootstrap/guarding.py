"""Has reports handed over only while this process may, by the settings."""

from aegis_batch.adapters.outbound.system.pauses import SystemPauses
from aegis_batch.application.executor_lease import ExecutorLease
from aegis_batch.application.guarded_gateway import GuardedReportGateway, Held
from aegis_batch.application.ledger import Ledger
from aegis_batch.application.ports.clock import Clock
from aegis_batch.application.ports.report_gateway import ReportGateway
from aegis_batch.application.rate_limiting import RateLimiting
from aegis_batch.bootstrap.settings import Settings

__all__ = ["build_limiting", "guard_reports", "lease_where_shared"]


def build_limiting(settings: Settings, ledger: Ledger, clock: Clock) -> RateLimiting | None:
    """Return what gives permits; ``None`` where as much may be handed over as there is."""
    limit, tenant_limit = settings.rate_limit, settings.tenant_rate_limit
    if limit is None and tenant_limit is None:
        return None
    return RateLimiting(ledger, clock, SystemPauses(), limit, tenant_limit)


def lease_where_shared(lease: ExecutorLease, *, is_alone: bool) -> ExecutorLease | None:
    """Return the lease of this process; ``None`` where nobody else can be at its work."""
    return None if is_alone else lease


def guard_reports(
    reports: ReportGateway | None, lease: Held | None, limiting: RateLimiting | None
) -> ReportGateway | None:
    """Return who takes the reports, behind what has to hold before one is handed over."""
    if reports is None or (lease is None and limiting is None):
        return reports
    return GuardedReportGateway(reports, lease, limiting)
