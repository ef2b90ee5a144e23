"""What happened to tenants as such."""

from dataclasses import dataclass
from typing import ClassVar

from aegis_batch.domain.events import Event

__all__ = ["TenantsCounted", "ZoneUnknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneUnknown(Event):
    """Tenants are said to have a zone that is none, so nothing fires for them."""

    name: ClassVar[str] = "zone.unknown"
    zone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantsCounted(Event):
    """The days that tenants of a zone have closed were held against those that are expected.

    ``zone`` is ``None`` for the deployment's own.
    """

    name: ClassVar[str] = "tenants.counted"
    zone: str | None
    expected: int
    closed: int
    missing: int
