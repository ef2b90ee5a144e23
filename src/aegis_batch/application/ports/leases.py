"""The port for who may work at what, over all processes."""

from collections.abc import Collection, Mapping
from typing import Protocol

__all__ = ["Leases"]


class Leases(Protocol):
    """Keeps leases by their name, within a turn; a lease lives as long as its executor does.

    An executor is living until it stops or is buried; see ``Executors``.
    """

    def take(self, former: Mapping[str, int], executor: str) -> Mapping[str, int]:
        """Take those of the leases that nobody living holds, and return their fencing tokens.

        A token is above every one that was given before, under whatever name. ``former`` names the
        leases, each with the token under which the caller knows to have held it, 0 for none: under
        that one it takes anew what it holds itself, and its former token is stale then. Who is not
        living gets none.
        """
        ...

    def held(self, tokens: Mapping[str, int], executor: str) -> Collection[str]:
        """Return those of the names that the executor still holds under these tokens."""
        ...

    def give_back(self, tokens: Mapping[str, int], executor: str) -> None:
        """Give leases back; those that others have taken over meanwhile stay theirs."""
        ...

    def free(self, executors: Collection[str]) -> int:
        """Take all their leases away from executors; return how many."""
        ...

    def holders(self, prefix: str) -> Mapping[str, str]:
        """Return the leases that are held whose names begin so, each with its living executor."""
        ...
