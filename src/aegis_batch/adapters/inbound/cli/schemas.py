"""Where the schema of a database of this program stands."""

from dataclasses import dataclass

__all__ = ["ReportsSchema", "StateSchema"]


@dataclass(frozen=True, slots=True)
class StateSchema:
    """Where the schema of a state database stands.

    ``place`` is the path of its file, or names the database on a server without any secret.
    ``revision`` is ``None`` where nothing was made yet; ``pending`` names the revisions that are
    to come until ``head``, the newest that this program knows.
    """

    place: str
    revision: str | None
    head: str
    pending: tuple[str, ...]
    is_file: bool = True


@dataclass(frozen=True, slots=True)
class ReportsSchema:
    """Where the schema of the reports' database stands; see ``StateSchema``.

    ``place`` names the database without any secret.
    """

    place: str
    revision: str | None
    head: str
    pending: tuple[str, ...]
