"""Writes the life of a run into ``docs/operations.md`` from its legal moves: ``make docs``."""

import sys
from pathlib import Path

from aegis_batch.domain.run import MOVES, RunState

__all__ = ["PAGE", "page_with_states", "states_section"]

PAGE = Path(__file__).parent.parent / "docs" / "operations.md"

_BEGIN = "<!-- Made from src/aegis_batch/domain/run.py by `make docs`; changes belong there. -->\n"
_END = "<!-- So far. -->\n"


def states_section() -> str:
    """Return the diagram of all moves, and the table that says who makes each, and when."""
    return f"```mermaid\n{_diagram()}```\n\n{_table()}"


def page_with_states(page: str) -> str:
    """Return a page with what stands between its two marks made anew.

    Raises ``ValueError`` where the page has not got each mark once, in their order.
    """
    if page.count(_BEGIN) != 1 or page.count(_END) != 1:
        raise ValueError("The page must have each mark once.")
    before, _, rest = page.partition(_BEGIN)
    _, mark, after = rest.partition(_END)
    if not mark:
        raise ValueError("The marks are in the wrong order.")
    return f"{before}{_BEGIN}\n{states_section()}\n{_END}{after}"


def _diagram() -> str:
    targets = {move.target for move in MOVES}
    born = [state for state in RunState if state not in targets]
    # A run is made in one of these, whether or not a move leads there too.
    lines = [f"    [*] --> {state}" for state in dict.fromkeys([*born, RunState.QUEUED])]
    lines += [f"    {move.origin} --> {move.target}: {move.by}" for move in MOVES]
    lines += [f"    {state} --> [*]" for state in RunState if state.is_final]
    return "stateDiagram-v2\n" + "".join(f"{line}\n" for line in lines)


def _table() -> str:
    head = "| from | to | who | when |\n|---|---|---|---|\n"
    rows = (f"| `{move.origin}` | `{move.target}` | {move.by} | {move.when} |\n" for move in MOVES)
    return head + "".join(rows)


def main() -> int:
    """Write the page, and return the exit status."""
    PAGE.write_text(page_with_states(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    sys.stdout.write(f"The states in {PAGE.name} are up to date.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
