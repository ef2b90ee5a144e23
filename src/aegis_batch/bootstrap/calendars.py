"""The calendar of the settings, and the days that it expects to be closed."""

from datetime import timedelta

from aegis_batch.adapters.outbound.system.time_zones import load_zone
from aegis_batch.bootstrap.settings import Settings
from aegis_batch.domain.calendar import Calendar
from aegis_batch.domain.expectation import Expectation

__all__ = ["calendar_of", "expectation_of"]


def calendar_of(settings: Settings) -> Calendar:
    """Return the calendar that the settings name."""
    return Calendar(load_zone(settings.timezone), settings.timezone, settings.day_start)


def expectation_of(settings: Settings) -> Expectation:
    """Return which business days should be closed without anybody asking."""
    catch_up = timedelta(days=settings.catch_up_days)
    return Expectation(calendar_of(settings), catch_up, settings.close_from)
