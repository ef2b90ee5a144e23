"""Plans for backfills of all tenants: by their periods, for people and for programs."""

from collections.abc import Sequence
from itertools import groupby

from aegis_batch.adapters.inbound.cli.backfill_json import backfill_as_json
from aegis_batch.adapters.inbound.cli.backfill_text import (
    DOUBT,
    how_to_start,
    range_of,
)
from aegis_batch.adapters.inbound.cli.columns import table
from aegis_batch.adapters.inbound.cli.json_text import json_list, json_object, json_value
from aegis_batch.application.backfill_everyone import PlannedEveryone, TenantsPeriod
from aegis_batch.domain.backfill import PeriodStanding

__all__ = ["planned_everyone_as_json", "planned_everyone_as_text"]

_STRETCHES_MAX = 40


def planned_everyone_as_text(planned: PlannedEveryone) -> str:
    """Return for how many tenants a period stands how; those that are alike stand in one line."""
    backfill = planned.backfill
    tenants = f"{planned.tenants:,} {'tenant' if planned.tenants == 1 else 'tenants'}"
    periods = f"{len(planned.periods):,} {backfill.kind}"
    parts = [
        f"{range_of(backfill)}: {periods}{'' if len(planned.periods) == 1 else 's'} of {tenants}"
    ]
    seen = [each for each in PeriodStanding if any(p.counts[each] for p in planned.periods)]
    stretches = [
        list(alike) for _, alike in groupby(planned.periods, lambda each: (each.counts, each.to_do))
    ]
    if seen:
        headings = (f"{backfill.kind}s", *(each.words for each in seen), "to do")
        rows = (_row(stretch, seen) for stretch in stretches[:_STRETCHES_MAX])
        more = len(stretches) - _STRETCHES_MAX
        told = table(headings, rows)
        parts.append(told if more <= 0 else f"{told}\nand {more:,} more: see --output json")
        if PeriodStanding.DOUBTED in seen:
            parts[-1] += f"\n{DOUBT}"
    if PeriodStanding.UNASKED in seen:
        parts.append("The Backend was not asked: each close asks it for itself.")
    if planned.zoneless:
        parts.append(f"Without a part in it, since their time zone is none: {planned.zoneless:,}")
    parts.append(how_to_start(backfill))
    return "\n\n".join(parts)


def planned_everyone_as_json(planned: PlannedEveryone) -> str:
    """Return a plan with all its periods, oldest first, and the first tenants that stand so."""
    return json_object(
        {
            "backfill": backfill_as_json(planned.backfill),
            "tenants": json_value(planned.tenants),
            "zoneless": json_value(planned.zoneless),
            "periods": json_list(map(_period, planned.periods)),
        }
    )


def _row(stretch: Sequence[TenantsPeriod], seen: Sequence[PeriodStanding]) -> tuple[str, ...]:
    first, last = stretch[0], stretch[-1]
    named = str(first.period) if first is last else f"{first.period} to {last.period}"
    return (named, *(f"{first.counts[each]:,}" for each in seen), f"{first.to_do:,}")


def _period(each: TenantsPeriod) -> str:
    standings = {standing.value: count for standing, count in each.counts.items()}
    named = {standing.value: tenants for standing, tenants in each.named.items()}
    return json_object(
        {
            "date": json_value(each.period.first_day.isoformat()),
            "toDo": json_value(each.to_do),
            "standings": json_value(standings),
            "named": json_value(named),
        }
    )
