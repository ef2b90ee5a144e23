"""What time stamps without a zone prove about their meaning: no order is placed in the future."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from aegis_batch.adapters.outbound.postgres.database import Snapshot
from aegis_batch.adapters.outbound.postgres.errors import DRIVER_ERRORS, translate
from aegis_batch.adapters.outbound.postgres.orders_schema import PlacedAtKind

__all__ = ["Proof", "TellingStamps", "find_proof", "telling_stamps"]

_CLOCKS_APART = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Proof:
    """A kind, and in words the order that can't be of the other one."""

    kind: PlacedAtKind
    order: str


@dataclass(frozen=True, slots=True)
class TellingStamps:
    """Stamps, from just after one to another, that are past by one reading and not by the other."""

    kind: PlacedAtKind
    after: datetime
    up_to: datetime
    place: str


def telling_stamps(zone: ZoneInfo, now: datetime) -> TellingStamps | None:
    """Return which stamps of a ``timestamp`` column would tell ``utc`` and ``wall`` apart.

    ``None`` where the two are the same. What is still to come by both readings tells nothing.
    """
    by_utc = now.astimezone(UTC).replace(tzinfo=None) + _CLOCKS_APART
    by_wall = now.astimezone(zone).replace(tzinfo=None) + _CLOCKS_APART
    if by_utc == by_wall:
        return None
    if by_wall < by_utc:
        return TellingStamps(PlacedAtKind.UTC, by_wall, by_utc, zone.key)
    return TellingStamps(PlacedAtKind.WALL, by_utc, by_wall, "UTC")


def find_proof(
    snapshot: Snapshot, column: sa.ColumnClause[datetime], zone: ZoneInfo, now: datetime
) -> Proof | None:
    """Return what the orders' own stamps prove, if anything; the last question of a snapshot.

    What can't be answered in a statement's time proves nothing.
    """
    telling = telling_stamps(zone, now)
    if telling is None:
        return None
    newest = sa.select(sa.func.max(column)).where(column > telling.after, column <= telling.up_to)
    try:
        ((stamp,),) = snapshot.rows(newest)
    except DRIVER_ERRORS as error:
        if getattr(translate(error, ()), "code", None) != "statement_timeout":
            raise
        return None
    if stamp is None:
        return None
    place = telling.place
    return Proof(
        telling.kind,
        f"An order is stamped {stamp:%Y-%m-%d %H:%M}, which is still to come in {place}",
    )
