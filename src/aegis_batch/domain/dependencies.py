"""Which jobs wait for which, and the circles that must not be."""

from collections.abc import Callable, Sequence

__all__ = ["NODES_MAX", "circle_through"]

NODES_MAX = 1_000


def circle_through(
    start: str, depends_on: Sequence[str], others: Callable[[str], Sequence[str]]
) -> tuple[str, ...]:
    """Return the circle that a job closes by what it depends on: from itself to itself.

    Empty where there is none. ``others`` returns what any other job depends on. Raises
    ``ValueError`` where more than ``NODES_MAX`` jobs hang together.
    """
    seen: set[str] = set()
    paths: list[tuple[str, ...]] = [(start, each) for each in depends_on]
    while paths:
        path = paths.pop()
        if path[-1] == start:
            return path
        if path[-1] in seen:
            continue
        seen.add(path[-1])
        if len(seen) > NODES_MAX:
            raise ValueError(f"hangs together with more than {NODES_MAX:,} jobs")
        paths += [(*path, each) for each in others(path[-1])]
    return ()
