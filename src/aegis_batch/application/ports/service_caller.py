"""The port for calls to services that the settings register by name."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

__all__ = ["ServiceAnswer", "ServiceCall", "ServiceCaller"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceCall:
    """A call: ``endpoint`` is a path of the service, ``body`` JSON text, if there is one.

    ``id`` is the same each time a call is repeated; ``trace_id`` as in W3C Trace Context,
    ``correlation_id`` what calls of one cause have in common.
    """

    service: str
    endpoint: str
    method: str
    tenant: str
    id: str
    trace_id: str
    correlation_id: str
    timeout_seconds: float
    body: str | None = None


@dataclass(frozen=True, slots=True)
class ServiceAnswer:
    """A good answer; ``text`` is cut where the body is long."""

    status: int
    text: str
    is_cut: bool


class ServiceCaller(Protocol):
    """Calls services; each is known by its name alone."""

    def names(self) -> Collection[str]:
        """Return the names of the services that there are."""
        ...

    def call(self, call: ServiceCall) -> ServiceAnswer:
        """Make one request, within its time, and return an answer from 200 to 299.

        Raises ``ServiceRefused`` for a service that is not registered, an address that is none of
        a service's (link-local ones, as metadata has), a redirect, and any other answer below 500
        but 408, 425 and 429; ``ServiceUnavailable`` for those, for 500 and above, and where no
        answer comes. The code for one that took too long is ``service_timed_out``.
        """
        ...
