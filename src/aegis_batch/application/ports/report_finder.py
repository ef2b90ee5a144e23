"""The port for asking for reports."""

from typing import Protocol

from aegis_batch.domain.report import StoredReport
from aegis_batch.domain.run import Run

__all__ = ["ReportFinder"]


class ReportFinder(Protocol):
    """Asks for reports; a report is known by the key of its run."""

    @property
    def can_find(self) -> bool:
        """Whether the settings name a source that can be asked for reports."""
        ...

    @property
    def identity(self) -> str:
        """Which Backend this is: the same from one start to the next, and no other's.

        It is short, and tells nobody the address.
        """
        ...

    @property
    def can_replace(self) -> bool:
        """Whether a report can be put in the place of a different one."""
        ...

    def find(self, run: Run, *, once: bool = False) -> StoredReport | None:
        """Return the report that closes the run's period, or ``None`` where there is none.

        With ``once`` a passing failure is not tried again. Where ``can_find`` is false, the answer
        is always ``None``.

        Raises ``BackendRefused`` and ``BackendUnavailable``, with ``attempts`` 0.
        """
        ...
