"""The port for what the program must remember, and for changing it all or not at all."""

from contextlib import AbstractContextManager
from typing import Protocol

from aegis_batch.application.ports.turn import Turn

__all__ = ["State"]


class State(Protocol):
    """Keeps what must survive the process."""

    def turn(self) -> AbstractContextManager[Turn]:
        """Open a transaction: committed where the context ends well, undone where it doesn't.

        Bounded in time. Raises ``StateUnavailable`` and ``StateMisfit``, be it at the beginning,
        in any call within, or at the commit, of which it is then unknown whether it came about.
        """
        ...

    def look(self) -> AbstractContextManager[Turn]:
        """Open a transaction to read in: it sees what was committed, all as of one moment.

        Nothing may be written in it; what is written all the same is undone, or refused. A state in
        a database has it wait for no turn, and no turn for it. Not within a turn of the same
        thread. Raises ``StateUnavailable`` and ``StateMisfit``.
        """
        ...
