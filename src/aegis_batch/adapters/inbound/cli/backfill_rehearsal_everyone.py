"""A rehearsed backfill of all tenants, told as it goes on: as tables, as CSV, or as JSON."""

from collections import Counter
from collections.abc import Callable, Sequence

from aegis_batch.adapters.inbound.cli.backfill_rehearsal import (
    CSV_HEADINGS,
    HEADINGS,
    figures_of,
    rehearsed_as_json,
    rehearsed_as_table,
    status_of_rehearsed,
)
from aegis_batch.adapters.inbound.cli.csv_text import csv_line
from aegis_batch.adapters.inbound.cli.json_text import (
    json_object,
    json_problem,
    json_value,
)
from aegis_batch.adapters.inbound.cli.output import say, say_problem, write_result
from aegis_batch.adapters.inbound.cli.services import Services
from aegis_batch.application.backfill_range import BackfillRequest
from aegis_batch.application.close_everyone import TenantClosed
from aegis_batch.domain.calendar import Period, PeriodKind
from aegis_batch.domain.outcome import Outcome, Problem

__all__ = ["rehearse_everyone"]

# As many as a page of tenants has: no more of them are at hand, however many there are.
_ROWS_A_TABLE = 100


def rehearse_everyone(services: Services, request: BackfillRequest, output: str) -> int:
    """Derive every period of every tenant, show what comes of each, and return the exit status."""
    teller = _TELLERS[output](request.kind)
    outcomes: Counter[Outcome] = Counter()
    problem: Problem | None = None
    begun: Period | None = None
    of_period: set[Outcome] = set()
    with services.backfill_rehearsal_of_all() as use_case:
        periods, found = use_case.rehearse(request)
        for closed in found:
            period = closed.record.key.period
            if period != begun:
                begun, of_period = period, set()
                say(f"rehearsal: {periods.index(period) + 1:,} of {len(periods):,}, {period}")
            outcome = closed.ended.outcome or Outcome.DEFECT
            outcomes[outcome] += 1
            of_period.add(outcome)
            problem = closed.ended.problem or problem
            teller.tell(closed)
    teller.end(outcomes)
    if begun is not None and of_period == {Outcome.UNREADABLE}:
        untried = len(periods) - periods.index(begun) - 1
        if untried:
            say(f"aegis-batch: {untried:,} of {len(periods):,} were not tried.")
    if output != "json" and problem is not None:
        say_problem(problem)
    return status_of_rehearsed(set(outcomes))


class _Tables:
    """Tells by tables, each with its headings."""

    def __init__(self, kind: PeriodKind) -> None:
        self._kind = kind
        self._rows: list[tuple[str, ...]] = []
        self._keeper = ""

    def tell(self, closed: TenantClosed) -> None:
        self._rows.append(_row(closed))
        if closed.result is not None:
            self._keeper = closed.result.keeper.heading
        if len(self._rows) == _ROWS_A_TABLE:
            self._write()

    def end(self, outcomes: Counter[Outcome]) -> None:
        if self._rows:
            self._write()
        told = [f"{outcomes[each]:,} {each}" for each in Outcome if outcomes[each]]
        write_result(
            f"{outcomes.total():,} {self._kind}s of tenants: {', '.join(told)}"
            if told
            else "No tenant has a part in the range, so there was nothing to derive."
        )

    def _write(self) -> None:
        headings = (self._kind.value, "tenant", *HEADINGS, self._keeper, "outcome")
        write_result(rehearsed_as_table(self._rows, headings))
        self._rows = []


class _Csv:
    """Tells by lines of CSV."""

    def __init__(self, kind: PeriodKind) -> None:
        first = "date" if kind is PeriodKind.DAY else kind.value
        self._write((first, "tenant", *CSV_HEADINGS))

    def tell(self, closed: TenantClosed) -> None:
        self._write(_row(closed))

    def end(self, outcomes: Counter[Outcome]) -> None:
        del outcomes

    def _write(self, row: Sequence[str]) -> None:
        write_result(csv_line(row), must_arrive=True)


class _Json:
    """Tells by an object a line, and one about all of them."""

    def __init__(self, kind: PeriodKind) -> None:
        self._kind = kind

    def tell(self, closed: TenantClosed) -> None:
        key = closed.record.key
        if closed.result is not None:
            told = rehearsed_as_json(closed.result, key.tenant)
        else:
            outcome = closed.ended.outcome or Outcome.DEFECT
            told = json_object(
                {
                    "tenant": json_value(key.tenant),
                    "date": json_value(key.period.first_day.isoformat()),
                    "outcome": json_value(outcome.value),
                    "error": json_problem(closed.ended.problem),
                }
            )
        write_result(told, must_arrive=True)

    def end(self, outcomes: Counter[Outcome]) -> None:
        summary = json_object(
            {
                "period": json_value(self._kind.value),
                "outcomes": json_value({each.value: count for each, count in outcomes.items()}),
            }
        )
        write_result(json_object({"summary": summary}), must_arrive=True)


_TELLERS: dict[str, Callable[[PeriodKind], _Tables | _Csv | _Json]] = {
    "text": _Tables,
    "csv": _Csv,
    "json": _Json,
}


def _row(closed: TenantClosed) -> tuple[str, ...]:
    key = closed.record.key
    figures: tuple[str, ...] = ("", "", "", "", "", "not asked")
    figures += ((closed.ended.outcome or Outcome.DEFECT).value,)
    if closed.result is not None:
        figures = figures_of(closed.result)
    return (key.period.first_day.isoformat(), key.tenant, *figures)
