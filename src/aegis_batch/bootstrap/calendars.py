"""The calendars of the settings, and the days that are expected to be closed by them."""

from datetime import timedelta

from aegis_batch.adapters.outbound.system.calendars import SystemCalendars
from aegis_batch.application.expectations import Expectations
from aegis_batch.application.ports.calendars import Calendars
from aegis_batch.bootstrap.settings import Settings
from aegis_batch.domain.calendar import Calendar
from aegis_batch.domain.expectation import Expectation

__all__ = ["calendar_of", "calendars_of", "expectations_of"]


def calendars_of(settings: Settings) -> Calendars:
    """Return the calendars of all zones; the deployment's own is the one that the settings name."""
    return SystemCalendars(settings.timezone, settings.day_start)


def calendar_of(settings: Settings) -> Calendar:
    """Return the calendar that the settings name."""
    return calendars_of(settings).of(None)


def expectations_of(settings: Settings, calendars: Calendars) -> Expectations:
    """Return which business days should be closed without anybody asking."""
    catch_up = timedelta(days=settings.catch_up_days)
    return Expectations(Expectation(calendars.of(None), catch_up, settings.close_from), calendars)
