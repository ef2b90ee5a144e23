"""The demo as a page for people."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rich import box
from rich.console import Console, RenderableType
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from aegis_batch.adapters.inbound.cli.close_text import item_bars, rendered
from aegis_batch.adapters.inbound.cli.demo_story import Closing, Story
from aegis_batch.domain import exact
from aegis_batch.domain.outcome import CloseResult

__all__ = ["preparing", "story_as_text"]

_DURATION_BAR_CELLS_MAX = 12


@contextmanager
def preparing() -> Iterator[Callable[[], None]]:
    """Say on a terminal that the servers are starting, until the yielded function is called."""
    if not sys.stderr.isatty():
        yield lambda: None
        return
    status = Console(stderr=True).status("Starting PostgreSQL and a stand-in Backend...")
    with status:
        yield status.stop


def story_as_text(story: Story) -> str:
    """Return the page: the report, the best items, the way of the close, and how to go on."""
    result = story.first.result
    parts: list[RenderableType] = [_opening(story), _figures(result)]
    if result.report is not None and result.report.top_items:
        parts += [_heading("Top items"), item_bars(result.report.top_items)]
    parts += [_heading("The way of the close"), _way(story.first)]
    parts += [_heading("The same day again: nothing is read, nothing is sent"), _way(story.again)]
    text = rendered(parts)
    if story.environment:
        text += _lines("The servers are running; to use them in this shell", story.environment)
    # Never wrapped, as a broken line can't be pasted.
    return text + _lines("Try next", story.next_commands)


def _opening(story: Story) -> Text:
    result = story.first.result
    window = result.window
    day = "" if window is None else f"{window.day:%A}, {window.day}"
    ground = story.ground
    servers = (
        f"{ground.database} with {ground.orders:,} orders, read only; a stand-in Backend at"
        f" {ground.exports['BACKEND_BASE_URL']}."
    )
    return Text.assemble(
        ("Aegis Batch ", "bold"),
        f"closed the books of {day}: a real day of a pizza place.\n",
        (servers, "dim"),
    )


def _figures(result: CloseResult) -> Table:
    """Return the report's figures and the evidence for them, side by side."""
    table = Table(box=box.ROUNDED, border_style="green", header_style="dim", padding=(0, 2))
    report, seal = result.report, result.seal
    if report is None or seal is None:
        return table
    cells = (
        ("report date", report.report_date.isoformat()),
        ("orders", f"{report.total_orders:,}"),
        ("revenue", f"{report.total_revenue:,f}"),
        ("items", exact.canonical(seal.items_sold)),
        ("kinds", f"{seal.distinct_items:,}"),
    )
    for heading, _value in cells:
        table.add_column(heading, justify="right")
    table.add_row(*(Text(value, style="bold green") for _heading, value in cells))
    return table


def _way(closing: Closing) -> Table:
    steps = list(closing.steps())
    longest_ms = max((step.duration_ms for step in steps), default=0.0) or 1.0
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", justify="right")
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    table.add_column(justify="right", no_wrap=True)
    table.add_column(no_wrap=True)
    for number, step in enumerate(steps, 1):
        cells = max(1, round(step.duration_ms / longest_ms * _DURATION_BAR_CELLS_MAX))
        table.add_row(
            str(number),
            step.what,
            Text(step.result),
            f"{step.duration_ms:.1f} ms",
            Text("▪" * cells, style="cyan"),
        )
    outcome = closing.result.outcome.value
    total = Text(f"{closing.total_ms():.1f} ms", style="bold")
    table.add_row("", Text("in all", style="dim"), Text(outcome, style="bold green"), total, "")
    return table


def _heading(text: str) -> Rule:
    return Rule(Text(text, style="bold"), align="left", style="dim")


def _lines(heading: str, lines: Sequence[str]) -> str:
    return f"\n\n{rendered([_heading(heading)])}\n\n" + "\n".join(f"  {line}" for line in lines)
