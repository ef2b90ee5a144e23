"""Which tenants' closes take longest, and which fail most."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from aegis_batch.domain.run import RunState
from aegis_batch.domain.run_statistics import RunFigures

__all__ = ["RANKED_MAX", "TenantFigures", "TenantsRanked", "tenants_of"]

RANKED_MAX = 20


@dataclass(frozen=True, slots=True)
class TenantFigures:
    """What the closes of one tenant come to; ``usual_ms`` is the median of those that succeeded."""

    tenant: str
    closes: int
    failed: int
    usual_ms: float | None


@dataclass(frozen=True, slots=True)
class TenantsRanked:
    """The tenants that are slowest and those that fail most, the worst first; 20 of each at most.

    ``count`` is how many tenants there are closes of.
    """

    count: int = 0
    slowest: tuple[TenantFigures, ...] = ()
    failing: tuple[TenantFigures, ...] = ()


def tenants_of(figures: Sequence[RunFigures]) -> TenantsRanked:
    """Return which tenants are worst, as far as some runs tell."""
    by_tenant: dict[str, list[RunFigures]] = {}
    for run in figures:
        if run.job.is_of_a_period:
            by_tenant.setdefault(run.tenant, []).append(run)
    all_of_them = [_figures_of(tenant, runs) for tenant, runs in sorted(by_tenant.items())]
    timed = [each for each in all_of_them if each.usual_ms is not None]
    failing = [each for each in all_of_them if each.failed]
    return TenantsRanked(
        count=len(all_of_them),
        slowest=tuple(sorted(timed, key=lambda each: -(each.usual_ms or 0.0))[:RANKED_MAX]),
        failing=tuple(sorted(failing, key=lambda each: -each.failed)[:RANKED_MAX]),
    )


def _figures_of(tenant: str, runs: Sequence[RunFigures]) -> TenantFigures:
    took = [
        run.duration_ms
        for run in runs
        if run.state is RunState.SUCCEEDED and run.duration_ms is not None
    ]
    return TenantFigures(
        tenant=tenant,
        closes=len(runs),
        failed=sum(run.state is RunState.FAILED for run in runs),
        usual_ms=median(took) if took else None,
    )
