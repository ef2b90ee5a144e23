"""The port for looking at the reports' database before it is relied on."""

from dataclasses import dataclass
from typing import Protocol

from aegis_batch.domain.calendar import Period

__all__ = ["ReportsFacts", "ReportsInspector"]


@dataclass(frozen=True, slots=True)
class ReportsFacts:
    """How the reports' database stands.

    ``is_exposed`` says that the connection goes over a network and nothing demands its encryption;
    ``is_of_orders`` that it is the orders' database itself. ``schema`` is ``None`` where no tables
    were made yet, and ``pending`` names what is to come until the newest. ``lacking`` are the
    rights that a close needs and the role has not, ``beyond`` those that it has and no close
    needs: each as SQL has it, such as ``INSERT ON reports``. ``owns`` says that the role owns the
    tables.
    """

    role: str
    version: str
    is_exposed: bool = False
    is_of_orders: bool = False
    schema: str | None = None
    pending: tuple[str, ...] = ()
    lacking: tuple[str, ...] = ()
    beyond: tuple[str, ...] = ()
    owns: bool = False


class ReportsInspector(Protocol):
    """Looks at the reports' database, within a bounded time, and changes nothing there."""

    def facts(self) -> ReportsFacts:
        """Return how it stands; raises ``BackendRefused`` and ``BackendUnavailable``."""
        ...

    def revision_of(self, period: Period) -> int | None:
        """Return the current revision of a period's report, ``None`` where it has none.

        Raises what ``facts`` raises.
        """
        ...
