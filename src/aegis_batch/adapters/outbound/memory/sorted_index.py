"""Items in order, under what they have in common."""

from bisect import bisect_left, insort
from collections.abc import Hashable, Sequence
from typing import Any

from aegis_batch.adapters.outbound.memory.undo_log import UndoLog

__all__ = ["SortedIndex"]

# Tuples that sort: of instants and texts.
_Item = tuple[Any, ...]


class SortedIndex:
    """Keeps a sorted list of items for each facet; its changes can be undone."""

    def __init__(self, log: UndoLog) -> None:
        """Take the log to which changes are written."""
        self._log = log
        self._lists: dict[Hashable, list[_Item]] = {}

    def add(self, facet: Hashable, item: _Item) -> None:
        """Put an item in its place; an item is there once."""
        self._log.changed(self._remove, facet, item)
        self._insert(facet, item)

    def remove(self, facet: Hashable, item: _Item) -> None:
        """Take an item away that is there."""
        self._log.changed(self._insert, facet, item)
        self._remove(facet, item)

    def of(self, facet: Hashable) -> Sequence[_Item]:
        """Return a facet's items in their order; it changes with the index."""
        return self._lists.get(facet, ())

    def _insert(self, facet: Hashable, item: _Item) -> None:
        insort(self._lists.setdefault(facet, []), item)

    def _remove(self, facet: Hashable, item: _Item) -> None:
        items = self._lists[facet]
        del items[bisect_left(items, item)]
