"""Checks of the directory of tenants: can it be read, are its zones any, and is anybody in it."""

from collections.abc import Iterator, Sequence

from aegis_batch.application.ports.calendars import Calendars
from aegis_batch.application.ports.tenant_directory import TenantDirectory
from aegis_batch.domain.calendar import Window
from aegis_batch.domain.checkup import Check
from aegis_batch.domain.errors import AegisError, InvalidRequest
from aegis_batch.domain.printable import printable

__all__ = ["tenants_checks"]

_SHOWN_MAX = 5
_NAME_CHARACTERS_MAX = 100


def tenants_checks(
    directory: TenantDirectory, calendars: Calendars, window: Window
) -> Iterator[Check]:
    """Tell how a directory stands; ``window`` is that of the day that ended last."""
    name = "tenants.directory"
    try:
        zones = directory.zones()
        has_any = any(directory.page(zone, None, 1, window) for zone in zones)
    except AegisError as error:
        yield Check.of(name, error)
        return
    if not has_any:
        yield Check.warn(
            name,
            f"It can be read, but there is no active tenant on {window.day}.",
            "See that AEGIS_TENANTS_TABLE and AEGIS_TENANTS_ACTIVE, or AEGIS_ORDERS_TENANT, name"
            " what is meant; the night closes nothing as long as nobody is there.",
        )
    else:
        others = len(zones) - 1
        yield Check.ok(
            name,
            "It can be read, and has active tenants;"
            f" {others or 'no'} time zone{'' if others == 1 else 's'} beside AEGIS_TIMEZONE.",
        )
    unknown = [zone for zone in zones if zone is not None and not _is_zone(calendars, zone)]
    if unknown:
        yield Check.fail(
            "tenants.zones",
            f"Some tenants have a time zone that is none: {_listed(unknown)}. Their days are not"
            " closed.",
            "Give them IANA time zones, such as America/Manaus, or none: then AEGIS_TIMEZONE"
            " counts.",
        )


def _is_zone(calendars: Calendars, name: str) -> bool:
    try:
        calendars.of(name)
    except InvalidRequest:
        return False
    return True


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(printable(name)[:_NAME_CHARACTERS_MAX] for name in names[:_SHOWN_MAX])
    return shown + (f" and {len(names) - _SHOWN_MAX} more" if len(names) > _SHOWN_MAX else "")
