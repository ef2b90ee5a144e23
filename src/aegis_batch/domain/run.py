"""Who closes what: the identity of a close, and of one attempt at it."""

from dataclasses import dataclass

from aegis_batch.domain.calendar import Period

__all__ = ["CloseKey", "Run"]


@dataclass(frozen=True, slots=True)
class CloseKey:
    """What a close is known by: the shop and the period, never the moment of its start."""

    tenant: str
    period: Period


@dataclass(frozen=True, slots=True)
class Run:
    """One attempt to close one period of one tenant.

    ``trace_id`` is 32 hexadecimal digits, as W3C Trace Context writes them.
    """

    id: str
    trace_id: str
    key: CloseKey
