"""Lists and facts as aligned plain text, safe to show on a terminal."""

import shutil
from collections.abc import Iterable, Sequence

from aegis_batch.domain.printable import printable

__all__ = ["facts", "table"]

_GAP = "  "
_WIDTH_WITHOUT_TERMINAL = 160


def table(headings: Sequence[str], rows: Iterable[Sequence[str]], *, may_fold: bool = True) -> str:
    """Return rows below their headings, each column as wide as its widest cell.

    Where a line is wider than the terminal, the last cell of each goes on a line of its own, so
    that an id in it stays whole: it is there to be copied.
    """
    cells = [list(headings), *([printable(cell) for cell in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [_line(row, widths) for row in cells]
    width = shutil.get_terminal_size((_WIDTH_WITHOUT_TERMINAL, 24)).columns
    if may_fold and max(map(len, lines)) > width:
        lines = [f"{_line(row[:-1], widths)}\n{_GAP}{row[-1]}".rstrip() for row in cells]
    return "\n".join(lines)


def facts(pairs: Iterable[tuple[str, str | None]]) -> str:
    """Return named facts, one a line; those that are ``None`` are left out."""
    kept = [(name, printable(text)) for name, text in pairs if text is not None]
    width = max(len(name) for name, _ in kept)
    return "\n".join(f"{name:<{width}}{_GAP}{text}".rstrip() for name, text in kept)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (f"{cell:<{width}}" for cell, width in zip(cells, widths, strict=False))
    return _GAP.join(padded).rstrip()
