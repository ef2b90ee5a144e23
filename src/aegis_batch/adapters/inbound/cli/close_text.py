"""A close for people: what came out, the best items as bars, and the evidence."""

import shutil
import sys
from collections.abc import Iterable
from io import StringIO

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from aegis_batch.adapters.inbound.cli.ending import Ending
from aegis_batch.adapters.inbound.cli.periods import period_days
from aegis_batch.adapters.inbound.cli.seal_words import origin, what_was_read
from aegis_batch.domain import exact
from aegis_batch.domain.consistency import Violation
from aegis_batch.domain.outcome import Outcome, Problem
from aegis_batch.domain.printable import printable
from aegis_batch.domain.report import Report, TopItem
from aegis_batch.domain.report_keeper import ReportKeeper
from aegis_batch.domain.seal import Seal

__all__ = ["ending_as_text", "item_bars", "rendered"]

_WIDTH_MAX = 100
_BAR_CELLS_MAX = 30
_HEADLINES = {
    Outcome.CREATED: ("green", "closed: the Backend created the report"),
    Outcome.ALREADY_CLOSED: ("green", "was closed already: the Backend has the report"),
    Outcome.DRY_RUN: ("cyan", "rehearsed: nothing was sent"),
    Outcome.REJECTED: ("red", "rejected: its orders break a rule, and nothing was sent"),
    Outcome.REFUSED: ("red", "refused by the Backend, for good"),
    Outcome.CONFLICT: ("red", "in conflict: the Backend holds a different report"),
    Outcome.UNAVAILABLE: ("yellow", "not closed: the Backend is unavailable, try again later"),
    Outcome.UNREADABLE: ("yellow", "not closed: its orders can't be read"),
    Outcome.INVALID: ("red", "not tried: the command or a setting is wrong"),
    Outcome.DEFECT: ("red", "not closed: this program has a defect"),
}
_TABLE_UNREADABLE = "not closed: the table that says which days are closed can't be read"
_TABLE_SAYS = {"table_holds_days": "not closed: the table of reports holds days alone"}
_REPORTS_DATABASE_SAYS = {
    Outcome.ALREADY_CLOSED: "was closed already: the reports' database has revision {revision}",
    Outcome.CONFLICT: "in conflict: the reports' database holds a different report",
    Outcome.REFUSED: "not closed: the reports' database can't be used as it is",
    Outcome.UNAVAILABLE: "not closed: the reports' database is unavailable, try again later",
}
# Whether it is closed there, and whether nothing was amiss.
_BACKEND_SAYS = {
    (None, True): "not asked: see BACKEND_BASE_URL, X_SERVICE_TOKEN and AEGIS_REPORT_STATUS",
    (None, False): "could not be asked",
    (False, True): "has no report for this {} yet",
    (True, True): "has the same report already",
    (True, False): "has a different report already",
}


def ending_as_text(ending: Ending) -> str:
    """Return an ending as text for people, with colours where standard output is a terminal."""
    parts: list[RenderableType] = [_headline(ending)]
    if ending.report is not None:
        parts.append(_figures(ending.report, ending))
        if ending.report.top_items:
            parts.append(item_bars(ending.report.top_items))
    if ending.violations:
        parts.append(_violations(ending.violations))
    if ending.seal is not None:
        parts.append(_evidence(ending.seal))
    return rendered(parts)


def rendered(parts: Iterable[RenderableType]) -> str:
    """Return renderables as text, each followed by an empty line, as wide as the terminal."""
    sink = StringIO()
    width = min(shutil.get_terminal_size((_WIDTH_MAX, 24)).columns, _WIDTH_MAX)
    # There is no standard output where it was closed before the program began.
    colours = sys.stdout is not None and sys.stdout.isatty()
    console = Console(file=sink, width=width, force_terminal=colours, highlight=False)
    for number, part in enumerate(parts):
        if number:
            console.print()
        console.print(part)
    return "\n".join(line.rstrip() for line in sink.getvalue().splitlines()).rstrip()


def item_bars(items: tuple[TopItem, ...]) -> Table:
    """Return the best items with a bar each, as long as its share of the best one's quantity."""
    best = max(items[0].quantity, exact.ZERO + 1)
    table = Table.grid(padding=(0, 2))
    table.add_column(overflow="fold")
    table.add_column(justify="right", no_wrap=True)
    table.add_column(no_wrap=True)
    for item in items:
        cells = max(1, int(item.quantity * _BAR_CELLS_MAX / best))
        table.add_row(
            Text(printable(item.name)),
            Text(exact.canonical(item.quantity)),
            Text("█" * min(cells, _BAR_CELLS_MAX), style="cyan"),
        )
    return table


def _headline(ending: Ending) -> Text:
    style, what = _HEADLINES[ending.outcome]
    if _is_of_reports(ending):
        what = _of_reports(ending, what)
    elif ending.outcome is Outcome.REFUSED and not _came_from_backend(ending.problem):
        what = _TABLE_SAYS.get(_code(ending.problem), _TABLE_UNREADABLE)
    if _code(ending.problem) == "vault_unavailable":
        what = "not tried: the vault of secrets is unavailable, try again later"
    period = "" if ending.period is None else f"{ending.period} "
    return Text.assemble((period, "bold"), (what, f"bold {style}"))


def _of_reports(ending: Ending, otherwise: str) -> str:
    """Say how a close ended whose report is kept in the reports' database."""
    if ending.outcome is not Outcome.CREATED:
        said = _REPORTS_DATABASE_SAYS.get(ending.outcome, otherwise)
        return said.format(revision=ending.revision)
    if ending.revision == 1:
        return "closed: the report is in the reports' database"
    return f"closed anew: revision {ending.revision} is in the place of the one before it"


def _is_of_reports(ending: Ending) -> bool:
    # What failed before anybody was asked tells by its code alone.
    return (
        ending.keeper is ReportKeeper.DATABASE
        or ending.revision is not None
        or _code(ending.problem).startswith("reports_")
    )


def _came_from_backend(problem: Problem | None) -> bool:
    return _code(problem) in ("", "backend_refused")


def _code(problem: Problem | None) -> str:
    return "" if problem is None else problem.code


def _figures(report: Report, ending: Ending) -> Table:
    window = ending.window
    days = None if ending.period is None else period_days(ending.period)
    table = _pairs()
    if days is not None:
        table.add_row("days", days)
    table.add_row("orders", f"{report.total_orders:,}")
    table.add_row("revenue", f"{report.total_revenue:,f}")
    if window is not None:
        hours = (window.end - window.start).total_seconds() / 3600
        table.add_row(
            "window",
            f"{window.start:%Y-%m-%d %H:%M} to {window.end:%Y-%m-%d %H:%M} UTC, {hours:g} h",
        )
    if ending.outcome is Outcome.DRY_RUN:
        says = _BACKEND_SAYS[ending.already_closed, ending.problem is None]
        table.add_row(ending.keeper.heading, says.format(ending.kind))
    return table


def _violations(violations: tuple[Violation, ...]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("rule", "action", "count", "orders"):
        table.add_column(heading)
    for violation in violations:
        named = ", ".join(map(printable, violation.orders))
        more = "" if violation.count <= len(violation.orders) else ", ..."
        table.add_row(
            violation.rule.value, violation.action.value, str(violation.count), Text(named + more)
        )
    return table


def _evidence(seal: Seal) -> Table:
    table = _pairs()
    table.add_row("read", what_was_read(seal))
    table.add_row("totals", seal.totals_digest)
    table.add_row("body", seal.body_digest)
    # No label is longer than six letters: with one, a digest just fits 80 columns.
    table.add_row("from", Text(f"{origin(seal)} at {seal.read_at:%Y-%m-%d %H:%M:%S} UTC"))
    return table


def _pairs() -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    return table
