"""The port for looking secrets up in the files that version control has."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

__all__ = ["Leak", "TrackedFiles", "TrackedSearch"]


@dataclass(frozen=True, slots=True)
class Leak:
    """A tracked file that holds a secret, by the secret's name; it is itself told nowhere."""

    secret: str
    path: str


@dataclass(frozen=True, slots=True)
class TrackedSearch:
    """What a search came to.

    ``why_not`` says why nothing was searched, ``None`` where something was. ``is_whole`` is false
    where files or bytes were more than the bounds. ``env_files`` are tracked ``.env`` files.
    """

    why_not: str | None
    files: int = 0
    is_whole: bool = True
    leaks: tuple[Leak, ...] = ()
    env_files: tuple[str, ...] = ()


class TrackedFiles(Protocol):
    """The files of the current folder's repository that version control has."""

    def search(self, secrets: Mapping[str, Sequence[str]]) -> TrackedSearch:
        """Look for secrets, by name, each in all the forms that are given.

        Bounded in files, bytes and time; never raises for what it can't read. Paths are as
        version control has them, in their order.
        """
        ...
