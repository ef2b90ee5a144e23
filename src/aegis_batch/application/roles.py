"""What a process is there for."""

from enum import StrEnum

__all__ = ["Role"]


class Role(StrEnum):
    """``SERVE`` is scheduler and worker in one; ``BACKFILL`` carries out backfills and ends.

    ``HAND`` is a command that closes what a person asks for, and ends.
    ``CONTROL`` listens, and neither fires nor works.
    """

    SERVE = "serve"
    SCHEDULER = "scheduler"
    WORKER = "worker"
    BACKFILL = "backfill"
    HAND = "hand"
    CONTROL = "control"
