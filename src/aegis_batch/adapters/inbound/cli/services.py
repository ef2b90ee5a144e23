"""What the command line needs from the place that wires everything."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Protocol

from aegis_batch.application.daily_close import DailyCloseUseCase
from aegis_batch.application.doctor import DoctorUseCase
from aegis_batch.application.ports.clock import Clock
from aegis_batch.application.ports.metrics_sink import MetricsSink
from aegis_batch.application.suggest_views import SuggestViewsUseCase

__all__ = ["Services"]


class Services(Protocol):
    """Builds use cases when a command asks for them, so that ``--help`` costs nothing."""

    @property
    def clock(self) -> Clock:
        """The machine's clock."""
        ...

    def version(self) -> str:
        """Return the version of the program."""
        ...

    def new_run_id(self) -> str:
        """Return the id of a new run."""
        ...

    def new_trace_id(self) -> str:
        """Return a new trace id of 32 hexadecimal digits."""
        ...

    def daily_close(
        self,
        *,
        dry_run: bool,
        environ: Mapping[str, str] | None = None,
        listener: MetricsSink | None = None,
    ) -> AbstractContextManager[DailyCloseUseCase]:
        """Validate the settings and return the use case, whose connections end with the context.

        ``environ`` stands in for the process's environment; ``listener`` hears every event too.
        Raises ``InvalidRequest``.
        """
        ...

    def doctor(self) -> DoctorUseCase:
        """Return the checkup of the settings, whatever is wrong with them."""
        ...

    def suggest_views(self) -> SuggestViewsUseCase:
        """Return what suggests views for the orders' database; raises ``InvalidRequest``."""
        ...
