"""A rehearsed backfill: its days as a table, as CSV, or as JSON."""

import sys
from collections.abc import Collection, Iterable, Sequence

import click

from aegis_batch.adapters.inbound.cli.columns import table
from aegis_batch.adapters.inbound.cli.csv_text import csv_line
from aegis_batch.adapters.inbound.cli.exit_status import ExitStatus, status_of
from aegis_batch.adapters.inbound.cli.json_text import (
    json_list,
    json_object,
    json_problem,
    json_value,
)
from aegis_batch.adapters.inbound.cli.output import say, say_problem, write_result
from aegis_batch.adapters.inbound.cli.services import Services
from aegis_batch.application.backfill_range import BackfillRequest
from aegis_batch.domain import exact
from aegis_batch.domain.calendar import PeriodKind
from aegis_batch.domain.outcome import CloseResult, Outcome

__all__ = [
    "CSV_HEADINGS",
    "HEADINGS",
    "figures_of",
    "rehearse",
    "rehearsed_as_json",
    "rehearsed_as_table",
    "status_of_rehearsed",
]

_STEPS = 20
HEADINGS = ("orders", "revenue", "items", "top item", "warnings")
CSV_HEADINGS = ("orders", "revenue", "items", "top_item", "warnings", "backend", "outcome")
# Of the figures in a row.
_NUMBERS = frozenset({"orders", "revenue", "items"})


def rehearse(services: Services, request: BackfillRequest, output: str) -> int:
    """Derive every period, show what came of it, and return the exit status."""
    with services.backfill_rehearsal() as use_case:
        count, found = use_case.rehearse(request)
        results = _with_progress(found, count)
    rows = [(_day(result), *figures_of(result)) for result in results]
    if output == "csv":
        write_result(_as_csv(rows, request.kind), must_arrive=True)
    elif output == "json":
        write_result(
            json_object(
                {
                    "period": json_value(request.kind.value),
                    f"{request.kind}s": json_list(map(rehearsed_as_json, results)),
                }
            ),
            must_arrive=True,
        )
    else:
        write_result(rehearsed_as_table(rows, _headings(request.kind, results)))
    if len(results) < count:
        say(f"aegis-batch: {count - len(results):,} of {count:,} were not tried.")
    bad = [result for result in results if result.outcome is not Outcome.DRY_RUN]
    if output != "json" and bad and bad[-1].problem is not None:
        say_problem(bad[-1].problem)
    return status_of_rehearsed({result.outcome for result in results})


def _with_progress(found: Iterable[CloseResult], count: int) -> list[CloseResult]:
    results: list[CloseResult] = []
    if sys.stderr is not None and sys.stderr.isatty():
        with click.progressbar(
            found, length=count, label="rehearsal", show_pos=True, file=sys.stderr
        ) as bar:
            results.extend(bar)
        return results
    for result in found:
        results.append(result)
        if len(results) * _STEPS // count > (len(results) - 1) * _STEPS // count:
            say(f"rehearsal: {len(results):,} of {count:,}")
    return results


def status_of_rehearsed(outcomes: Collection[Outcome]) -> int:
    """Return the exit status for all outcomes that there were."""
    if set(outcomes) <= {Outcome.DRY_RUN}:
        return ExitStatus.OK
    if set(outcomes) <= {Outcome.DRY_RUN, Outcome.REJECTED}:
        return ExitStatus.REJECTED
    return ExitStatus.IN_PART if len(outcomes) > 1 else int(status_of(next(iter(outcomes))))


def _day(result: CloseResult) -> str:
    return result.run.key.period.first_day.isoformat()


def figures_of(result: CloseResult) -> tuple[str, ...]:
    """Return what is told of a rehearsed close: its figures, the Backend, and its outcome."""
    report, seal = result.report, result.seal
    top = report.top_items[0].name if report is not None and report.top_items else ""
    return (
        "" if report is None else str(report.total_orders),
        "" if report is None else f"{report.total_revenue:f}",
        "" if seal is None else exact.canonical(seal.items_sold),
        top,
        "; ".join(f"{v.rule} by {v.count}" for v in result.violations),
        _backend(result),
        result.outcome.value,
    )


def _backend(result: CloseResult) -> str:
    if result.problem is not None and result.problem.code == "conflict":
        return "differs"
    if result.already_closed is None:
        return "not asked"
    if not result.already_closed:
        return "not there"
    return "equal" if result.report is not None else "there, not compared"


def _headings(kind: PeriodKind, results: Sequence[CloseResult]) -> tuple[str, ...]:
    return (kind.value, *HEADINGS, results[0].keeper.heading, "outcome")


def rehearsed_as_table(rows: Sequence[Sequence[str]], headings: Sequence[str]) -> str:
    """Return rows below their headings, with numbers to the right."""
    widths = [max(len(row[place]) for row in rows) for place in range(len(headings))]
    aligned = (
        [
            cell.rjust(max(width, len(heading))) if heading in _NUMBERS else cell or "-"
            for cell, width, heading in zip(row, widths, headings, strict=True)
        ]
        for row in rows
    )
    return table(headings, aligned, may_fold=False)


def _as_csv(rows: Iterable[Sequence[str]], kind: PeriodKind) -> str:
    # A week and a month are known by their first date, which a day is.
    headings = ("date" if kind is PeriodKind.DAY else kind.value, *CSV_HEADINGS)
    return "\n".join(map(csv_line, (headings, *rows)))


def rehearsed_as_json(result: CloseResult, tenant: str | None = None) -> str:
    """Return a rehearsed close; with a tenant, whose it is."""
    return json_object(
        {
            **({} if tenant is None else {"tenant": json_value(tenant)}),
            "date": json_value(result.run.key.period.first_day.isoformat()),
            "outcome": json_value(result.outcome.value),
            "report": "null" if result.report is None else result.report.body().decode(),
            "backend": json_value(_backend(result)),
            "warnings": json_value(
                [{"rule": v.rule.value, "count": v.count} for v in result.violations]
            ),
            "error": json_problem(result.problem),
        }
    )
