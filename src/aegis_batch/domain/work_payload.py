"""What the work queue carries of a piece of work: two ids, and nothing of anybody's."""

import re
from dataclasses import dataclass

__all__ = ["WorkPayload"]

# Printable ASCII: an id that this program made, or that a person can type.
_ID = re.compile(r"[\x20-\x7e]{1,200}")


@dataclass(frozen=True, slots=True)
class WorkPayload:
    """The id of a run, or of a shard of runs, and of the work that is an attempt at it.

    Whose it is, the ledger knows. Raises ``ValueError`` for what can be none, and never repeats it.
    """

    run_id: str
    work_id: str

    def __post_init__(self) -> None:
        """Check both, whatever a queue made of them."""
        ids: tuple[object, ...] = (self.run_id, self.work_id)
        if not all(isinstance(each, str) and _ID.fullmatch(each) for each in ids):
            raise ValueError("malformed_payload")
