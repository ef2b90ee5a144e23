"""``stats``: what the runs of a range of business days come to."""

from datetime import date

import click

from aegis_batch.adapters.inbound.cli.columns import table
from aegis_batch.adapters.inbound.cli.exit_status import ExitStatus
from aegis_batch.adapters.inbound.cli.json_text import json_list, json_object, json_value
from aegis_batch.adapters.inbound.cli.options import (
    all_option,
    output_option,
    parse_day,
    tenant_option,
)
from aegis_batch.adapters.inbound.cli.output import write_result
from aegis_batch.adapters.inbound.cli.services import Services
from aegis_batch.adapters.inbound.cli.stats_by_tenant import (
    tenants_as_json,
    tenants_as_text,
    time_text,
)
from aegis_batch.application.stats import RUNS_MAX, Stats
from aegis_batch.domain import exact
from aegis_batch.domain.run_statistics import JobStatistics, Percentiles, SlowClose

__all__ = ["stats"]


@click.command(
    epilog="""\b
Examples:
  aegis-batch stats                                     the last 30 business days
  aegis-batch stats --from 2026-01-01 --to 2026-03-31
  aegis-batch stats --output json
\b
Half of the runs took p50 at most, 95 of 100 took p95 at most. Waited is the time from enqueueing
to the first start. The cost comes from AEGIS_PRICE_CPU_SECOND and AEGIS_PRICE_REQUEST."""
)
@click.option(
    "--from",
    "first_day",
    metavar="YYYY-MM-DD",
    callback=parse_day,
    help="The first business day; 29 days before the last one unless given.",
)
@click.option(
    "--to",
    "last_day",
    metavar="YYYY-MM-DD",
    callback=parse_day,
    help="The last business day, included; today unless given.",
)
@tenant_option("Only the runs of this tenant")
@all_option("Those of all tenants, as without either")
@output_option
@click.pass_obj
def stats(  # noqa: PLR0913 - one for each option
    services: Services,
    *,
    first_day: date | None,
    last_day: date | None,
    tenant: str | None,
    everyone: bool,
    output: str,
) -> int:
    """Show how runs ended, how long they took and waited, and what they cost.

    Of several tenants, the slowest and those that fail most are named too.
    """
    tenants = services.tenants()
    named = tenants.named(tenant, everyone=everyone)
    with services.ledger_desk() as desk:
        found = desk.stats.stats(first_day, last_day, tenant=named)
    ranks_tenants = tenants.is_among_several and named is None
    write_result(
        _as_json(found, ranks_tenants=ranks_tenants)
        if output == "json"
        else _as_text(found, ranks_tenants=ranks_tenants)
    )
    return ExitStatus.OK


def _as_text(found: Stats, *, ranks_tenants: bool) -> str:
    title = f"Runs about the business days {found.first_day} to {found.last_day}"
    if not found.jobs:
        return f"{title}: none is known."
    parts = [title, _ends(found.jobs), _times(found.jobs), _costs(found.jobs)]
    slow = [close for job in found.jobs for close in job.slow]
    if slow:
        parts.append(_slow(slow))
    if ranks_tenants:
        parts += tenants_as_text(found.tenants)
    if found.is_cut:
        parts.append(f"There are more runs: only the newest {RUNS_MAX:,} are looked at.")
    return "\n\n".join(parts)


def _named(job: JobStatistics) -> str:
    """Return which runs these are; of closes, about which kind of period."""
    return job.job.value if job.kind is None else f"{job.job} of {job.kind}s"


def _ends(jobs: tuple[JobStatistics, ...]) -> str:
    rows = (
        (
            _named(job),
            f"{job.runs:,}",
            "-" if job.success_rate is None else f"{job.success_rate:.2%}",
            ", ".join(f"{count:,} {state}" for state, count in job.states.items()),
        )
        for job in jobs
    )
    return table(("job", "runs", "success", "by state"), rows)


def _times(jobs: tuple[JobStatistics, ...]) -> str:
    headings = ("job", "took p50", "p95", "p99", "waited p50", "p95", "p99")
    rows = ((_named(job), *_three(job.duration_ms), *_three(job.queued_ms)) for job in jobs)
    return table(headings, rows, may_fold=False)


def _three(percentiles: Percentiles | None) -> tuple[str, str, str]:
    if percentiles is None:
        return ("-", "-", "-")
    return (time_text(percentiles.p50), time_text(percentiles.p95), time_text(percentiles.p99))


def _costs(jobs: tuple[JobStatistics, ...]) -> str:
    rows = (
        (
            _named(job),
            f"{job.cpu_seconds:,.2f}",
            f"{job.requests:,}",
            "no price is set" if job.cost is None else f"{exact.round_half_even(job.cost, 6):f}",
        )
        for job in jobs
    )
    return table(("job", "CPU seconds", "requests", "cost"), rows)


def _slow(closes: list[SlowClose]) -> str:
    rows = (
        (
            str(close.period),
            time_text(close.duration_ms),
            time_text(close.usual_ms),
            "-" if close.orders is None else f"{close.orders:,}",
            close.run_id,
        )
        for close in closes
    )
    return "Slower than twice what is usual, newest first:\n" + table(
        ("period", "took", "usual", "orders", "run"), rows
    )


def _as_json(found: Stats, *, ranks_tenants: bool) -> str:
    return json_object(
        {
            "from": json_value(found.first_day.isoformat()),
            "to": json_value(found.last_day.isoformat()),
            "jobs": json_list(map(_job_as_json, found.jobs)),
            # Only where there are several.
            **({"tenants": tenants_as_json(found.tenants)} if ranks_tenants else {}),
            "cut": json_value(found.is_cut),
        }
    )


def _job_as_json(job: JobStatistics) -> str:
    return json_object(
        {
            "job": json_value(job.job.value),
            "period": json_value(job.kind and job.kind.value),
            "runs": json_value(job.runs),
            "states": json_value({state.value: count for state, count in job.states.items()}),
            "successRate": json_value(job.success_rate),
            "durationMs": _percentiles_as_json(job.duration_ms),
            "queuedMs": _percentiles_as_json(job.queued_ms),
            "cpuSeconds": json_value(round(job.cpu_seconds, 6)),
            "requests": json_value(job.requests),
            "cost": "null" if job.cost is None else exact.canonical(job.cost),
            "slow": json_list(map(_slow_as_json, job.slow)),
        }
    )


def _percentiles_as_json(percentiles: Percentiles | None) -> str:
    if percentiles is None:
        return "null"
    return json_value({"p50": percentiles.p50, "p95": percentiles.p95, "p99": percentiles.p99})


def _slow_as_json(close: SlowClose) -> str:
    return json_object(
        {
            "period": json_value(close.period.kind.value),
            "date": json_value(close.period.first_day.isoformat()),
            "run": json_value(close.run_id),
            "durationMs": json_value(close.duration_ms),
            "usualMs": json_value(close.usual_ms),
            "orders": json_value(close.orders),
        }
    )
