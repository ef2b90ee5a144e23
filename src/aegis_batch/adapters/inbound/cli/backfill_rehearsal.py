"""A rehearsed backfill: its days as a table, as CSV, or as JSON."""

import csv
import io
import sys
from collections.abc import Iterable, Sequence

import click

from aegis_batch.adapters.inbound.cli.columns import table
from aegis_batch.adapters.inbound.cli.exit_status import ExitStatus, status_of
from aegis_batch.adapters.inbound.cli.json_text import (
    json_list,
    json_object,
    json_problem,
    json_value,
)
from aegis_batch.adapters.inbound.cli.output import say, say_problem, write_result
from aegis_batch.adapters.inbound.cli.services import Services
from aegis_batch.application.backfill_planning import BackfillRequest
from aegis_batch.domain import exact
from aegis_batch.domain.outcome import CloseResult, Outcome

__all__ = ["rehearse"]

_STEPS = 20
_HEADINGS = ("day", "orders", "revenue", "items", "top item", "warnings", "Backend", "outcome")
_CSV_HEADINGS = ("date", "orders", "revenue", "items", "top_item", "warnings", "backend", "outcome")
_IS_NUMBER = (False, True, True, True, False, False, False, False)


def rehearse(services: Services, request: BackfillRequest, output: str) -> int:
    """Derive every period, show what came of it, and return the exit status."""
    with services.backfill_rehearsal() as use_case:
        count, found = use_case.rehearse(request)
        results = _with_progress(found, count)
    rows = list(map(_row, results))
    if output == "csv":
        write_result(_as_csv(rows), must_arrive=True)
    elif output == "json":
        write_result(json_object({"days": json_list(map(_as_json, results))}), must_arrive=True)
    else:
        write_result(_as_table(rows))
    if len(results) < count:
        say(f"aegis-batch: {count - len(results):,} of {count:,} were not tried.")
    bad = [result for result in results if result.outcome is not Outcome.DRY_RUN]
    if output != "json" and bad and bad[-1].problem is not None:
        say_problem(bad[-1].problem)
    return _status(results)


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


def _status(results: Sequence[CloseResult]) -> int:
    outcomes = {result.outcome for result in results}
    if outcomes <= {Outcome.DRY_RUN}:
        return ExitStatus.OK
    if outcomes <= {Outcome.DRY_RUN, Outcome.REJECTED}:
        return ExitStatus.REJECTED
    return ExitStatus.IN_PART if len(outcomes) > 1 else int(status_of(outcomes.pop()))


def _row(result: CloseResult) -> tuple[str, ...]:
    report, seal = result.report, result.seal
    top = report.top_items[0].name if report is not None and report.top_items else ""
    return (
        result.run.key.period.first_day.isoformat(),
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
    return "equal" if result.already_closed else "not there"


def _as_table(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[place]) for row in rows) for place in range(len(_HEADINGS))]
    aligned = (
        [
            cell.rjust(max(width, len(heading))) if is_number else cell or "-"
            for cell, width, heading, is_number in zip(
                row, widths, _HEADINGS, _IS_NUMBER, strict=True
            )
        ]
        for row in rows
    )
    return table(_HEADINGS, aligned, may_fold=False)


def _as_csv(rows: Iterable[Sequence[str]]) -> str:
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(_CSV_HEADINGS)
    writer.writerows(rows)
    return written.getvalue().rstrip("\n")


def _as_json(result: CloseResult) -> str:
    return json_object(
        {
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
