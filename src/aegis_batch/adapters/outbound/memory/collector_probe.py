"""A network in memory, with or without collectors."""

from collections.abc import Iterable

__all__ = ["InMemoryCollectorProbe"]


class InMemoryCollectorProbe:
    """Accepts connections at the addresses that it was given, pairs of a host and a port."""

    def __init__(self, addresses: Iterable[tuple[str, int]] = ()) -> None:
        """Take the addresses at which something listens."""
        self._addresses = frozenset(addresses)

    def accepts(self, host: str, port: int) -> bool:
        """Say whether something listens there."""
        return (host, port) in self._addresses
