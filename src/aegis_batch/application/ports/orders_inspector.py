"""The port for looking at the orders' database itself, before anything is read from it."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Protocol

from aegis_batch.domain.calendar import Window
from aegis_batch.domain.clock_skew import ClockSample

__all__ = [
    "Access",
    "Elsewhere",
    "Fault",
    "Fit",
    "Grant",
    "OrdersInspector",
    "RoleRights",
    "ScannedTable",
    "ServerFacts",
    "SnapshotHold",
    "WindowAccess",
]


class SnapshotHold(StrEnum):
    """Whether several statements in one transaction see one state of the database."""

    ONE = "one"
    TORN = "torn"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """What answers at the address of the orders' database.

    ``version_number`` is PostgreSQL's own, such as 180001. ``sleeps_at`` names a provider whose
    databases sleep while nobody uses them. ``is_exposed`` says that the connection goes over a
    network and that nothing demands its encryption.
    """

    version_number: int
    version: str
    role: str
    clock: ClockSample
    snapshot: SnapshotHold
    sleeps_at: str | None = None
    is_exposed: bool = False


@dataclass(frozen=True, slots=True)
class Fault:
    """Something in which tables and settings don't fit each other."""

    code: str
    message: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Fit:
    """How the tables fit the settings; ``placed_at`` says in words what the time column is."""

    faults: tuple[Fault, ...]
    placed_at: str | None = None


@dataclass(frozen=True, slots=True)
class ScannedTable:
    """A table that is read from end to end because no index serves.

    ``index_sql`` is the statement that makes the index, ``None`` where the column isn't known.
    """

    name: str
    size_bytes: int
    index_sql: str | None


@dataclass(frozen=True, slots=True)
class Access:
    """How the server would find rows, with its own estimate of how many there are."""

    estimated_rows: int
    scanned: tuple[ScannedTable, ...] = ()


@dataclass(frozen=True, slots=True)
class WindowAccess:
    """How the server would find the orders of a window, and the lines of an order."""

    orders: Access
    items: Access


@dataclass(frozen=True, slots=True)
class Grant:
    """Privileges beyond reading on one thing, written as in ``REVOKE``.

    ``target`` is such as ``TABLE public.orders``; ``grantee`` is ``None`` for ``PUBLIC``.
    """

    privileges: tuple[str, ...]
    target: str
    grantee: str | None


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """How many things of a schema the role may change that no close reads.

    ``kind`` is ``TABLE`` or ``SEQUENCE``; ``example`` is one of them, quoted for SQL as ``schema``
    is; ``grantee`` is ``None`` for ``PUBLIC``.
    """

    kind: str
    count: int
    example: str
    schema: str
    grantee: str | None


@dataclass(frozen=True, slots=True)
class RoleRights:
    """What the role may do beyond reading the orders. All names but ``role`` are quoted for SQL.

    ``attributes`` are such as ``SUPERUSER``; ``owned`` are tables, schemas or the database;
    ``memberships`` are the roles by whose membership it may more, those it was granted directly.
    ``grants`` are those on what it has to read, and on what is behind it where it is a view; on
    every schema; and on the database. ``elsewhere`` counts the rest.
    ``row_secured`` are tables whose row security no policy lets it through. ``tables``,
    ``schemas`` and ``database`` name what it has to read.
    """

    role: str
    database: str
    schemas: tuple[str, ...]
    tables: tuple[str, ...]
    attributes: tuple[str, ...] = ()
    owned: tuple[str, ...] = ()
    grants: tuple[Grant, ...] = ()
    elsewhere: tuple[Elsewhere, ...] = ()
    memberships: tuple[str, ...] = ()
    row_secured: tuple[str, ...] = ()


class OrdersInspector(Protocol):
    """Looks at the orders' database and writes nothing; each call is bounded in time.

    Every call raises ``OrdersMisfit`` and ``OrdersUnreachable``.
    """

    def server(self) -> ServerFacts:
        """Connect as a close would, and tell what answers."""
        ...

    def fit(self) -> Fit:
        """Tell everything in which tables, columns and types differ from the settings."""
        ...

    def access(self, window: Window) -> WindowAccess:
        """Tell how a window would be read, without reading it; the tables must fit.

        Raises ``InvalidRequest`` too, where the time column can't tell the window's bounds.
        """
        ...

    def rights(self) -> RoleRights:
        """Tell what the role may do beyond reading."""
        ...

    def has_report(self, day: date) -> bool:
        """Say whether the table of reports, where there is one, has a report of a day.

        Raises ``BackendRefused`` and ``BackendUnavailable`` instead, as the port of reports does.
        """
        ...
