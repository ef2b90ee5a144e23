"""Leases in memory."""

from collections.abc import Callable, Collection, Mapping

from aegis_batch.adapters.outbound.memory.undo_log import UndoLog

__all__ = ["InMemoryLeases"]


class InMemoryLeases:
    """Keeps leases by their name."""

    def __init__(self, log: UndoLog, living: Callable[[], Collection[str]]) -> None:
        """Take the log to which changes are written, and what names the living executors."""
        self._log = log
        self._living = living
        self._kept: dict[str, tuple[str, int]] = {}
        # Numbers that were given are not given again, even by a turn that was undone.
        self._token = 0

    def take(self, former: Mapping[str, int], executor: str) -> Mapping[str, int]:
        """Take those of the leases that nobody living holds, and return their fencing tokens."""
        living = self._living()
        if executor not in living:
            return {}
        tokens: dict[str, int] = {}
        for name, token in sorted(former.items()):
            kept = self._kept.get(name)
            if kept is None or kept[0] not in living or kept == (executor, token):
                self._token += 1
                tokens[name] = self._token
                self._log.put(self._kept, name, (executor, self._token))
        return tokens

    def held(self, tokens: Mapping[str, int], executor: str) -> Collection[str]:
        """Return those of the names that the executor still holds under these tokens."""
        return self._own(tokens, executor) if executor in self._living() else set()

    def give_back(self, tokens: Mapping[str, int], executor: str) -> None:
        """Give leases back; those that others have taken over meanwhile stay theirs."""
        for name in self._own(tokens, executor):
            self._log.drop(self._kept, name)

    def free(self, executors: Collection[str]) -> int:
        """Take all their leases away from executors; return how many."""
        freed = [name for name, (holder, _) in self._kept.items() if holder in executors]
        for name in freed:
            self._log.drop(self._kept, name)
        return len(freed)

    def holders(self, prefix: str) -> Mapping[str, str]:
        """Return the leases that are held whose names begin so, each with its living executor."""
        living = self._living()
        return {
            name: holder
            for name, (holder, _) in self._kept.items()
            if name.startswith(prefix) and holder in living
        }

    def _own(self, tokens: Mapping[str, int], executor: str) -> set[str]:
        return {name for name, token in tokens.items() if self._kept.get(name) == (executor, token)}
