"""The results as one table, for people and for the README."""

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass

from bench.rounds import Score

__all__ = ["Section", "as_markdown"]


@dataclass(frozen=True, slots=True)
class Section:
    """The scores of one day; ``imports_mb`` is what the imports of a close take."""

    title: str
    scores: Sequence[Score]
    imports_mb: float | None = None


def as_markdown(sections: Sequence[Section], *, rounds: int) -> str:
    """Return all sections as one table, with what was measured on."""
    measured_on = (
        f"Medians of {rounds} cold processes, from start to exit; ratios to the first way of each"
        " day, within one round. The day stands in the middle of a week with as many orders each"
        " day, three lines an order; with fewer orders around the day the ratios of a close are"
        f" worse (ADR 9). PostgreSQL 18 and all processes on one machine with"
        f" {os.cpu_count()} cores, Python {platform.python_version()}."
    )
    header = "| day | way | seconds | ratio | peak memory, MB |"
    lines = [measured_on, "", header, "|---|---|--:|--:|--:|"]
    for section in sections:
        lines += [_row(section, score) for score in section.scores]
    return "\n".join(lines) + "\n"


def _row(section: Section, score: Score) -> str:
    memory = f"{score.peak_mb:.0f}"
    if section.imports_mb is not None and "aegis-batch" in score.way:
        memory += f" ({score.peak_mb - section.imports_mb:.0f} above its imports)"
    cells = (section.title, score.way, f"{score.seconds:.2f}", f"{score.ratio:.2f}", memory)
    return f"| {' | '.join(cells)} |"
