"""Which tenants are slowest and fail most, for people and for programs."""

from collections.abc import Sequence

from aegis_batch.adapters.inbound.cli.columns import table
from aegis_batch.adapters.inbound.cli.json_text import json_list, json_object, json_value
from aegis_batch.domain.tenant_statistics import TenantFigures, TenantsRanked

__all__ = ["tenants_as_json", "tenants_as_text", "time_text"]

_SECONDS_FROM_MS = 10_000


def time_text(duration_ms: float) -> str:
    """Return a duration in milliseconds, or in seconds where those get hard to read."""
    if duration_ms < _SECONDS_FROM_MS:
        return f"{duration_ms:,.0f} ms"
    return f"{duration_ms / 1000:,.1f} s"


def tenants_as_text(ranked: TenantsRanked) -> list[str]:
    """Return a table of the slowest tenants, and one of those that fail most, if any do."""
    parts = []
    if ranked.slowest:
        parts.append("Slowest tenants:\n" + _table(ranked.slowest))
    if ranked.failing:
        parts.append("Tenants whose closes failed most:\n" + _table(ranked.failing))
    return parts


def tenants_as_json(ranked: TenantsRanked) -> str:
    """Return how many tenants there are, and the worst of them."""
    return json_object(
        {
            "count": json_value(ranked.count),
            "slowest": json_list(map(_as_json, ranked.slowest)),
            "failing": json_list(map(_as_json, ranked.failing)),
        }
    )


def _table(tenants: Sequence[TenantFigures]) -> str:
    rows = (
        (
            each.tenant,
            f"{each.closes:,}",
            f"{each.failed:,}",
            "-" if each.usual_ms is None else time_text(each.usual_ms),
        )
        for each in tenants
    )
    return table(("tenant", "closes", "failed", "usual time"), rows)


def _as_json(each: TenantFigures) -> str:
    return json_object(
        {
            "tenant": json_value(each.tenant),
            "closes": json_value(each.closes),
            "failed": json_value(each.failed),
            "usualMs": json_value(each.usual_ms),
        }
    )
