"""A checkup before the first night: all that a first deployment gets wrong, with remedies."""

from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

from aegis_batch.application.checks.backend import answer_checks, refusal_check
from aegis_batch.application.checks.collector import collector_checks
from aegis_batch.application.checks.database import is_usable, server_checks
from aegis_batch.application.checks.leaks import KnownSecrets, secret_checks
from aegis_batch.application.checks.orders import (
    access_checks,
    data_checks,
    fit_checks,
    unplanned_check,
)
from aegis_batch.application.checks.reports import is_fit, reports_checks, revision_check
from aegis_batch.application.checks.rights import rights_checks
from aegis_batch.application.checks.settings import SettingsFacts, settings_checks
from aegis_batch.application.checks.tenants import tenants_checks
from aegis_batch.application.ports.backend_probe import BackendProbe
from aegis_batch.application.ports.calendars import Calendars
from aegis_batch.application.ports.clock import Clock
from aegis_batch.application.ports.collector_probe import CollectorProbe
from aegis_batch.application.ports.order_reader import OrderReader
from aegis_batch.application.ports.orders_inspector import Fault, Fit, OrdersInspector
from aegis_batch.application.ports.reports_inspector import ReportsInspector
from aegis_batch.application.ports.tenant_directory import TenantDirectory
from aegis_batch.application.ports.tracked_files import TrackedFiles
from aegis_batch.domain.calendar import Calendar, Period, PeriodKind
from aegis_batch.domain.checkup import Check
from aegis_batch.domain.consistency import Rules
from aegis_batch.domain.errors import (
    AegisError,
    BackendRefused,
    BackendUnavailable,
    InvalidRequest,
)
from aegis_batch.domain.tenant import SINGLE
from aegis_batch.domain.totals import Totals

__all__ = ["CheckupSetup", "DoctorUseCase", "Instruments"]

_DAYS = 7
_ONE_DAY = timedelta(days=1)
_MEND_FIRST = "Mend the settings above, and run doctor again."


@dataclass(frozen=True, slots=True)
class CheckupSetup:
    """What the settings say, as far as a checkup goes by them.

    ``known_secrets`` are the values of variables, to be looked up in files.
    ``doubts`` names the wrong settings without which tables and days can't be told.
    ``is_in_memory`` says that the in-memory adapters stand in for all servers. ``collectors`` are
    pairs of a variable and the endpoint that it names, ``collector_faults`` variables that keep
    telemetry from being exported. ``total_seconds`` bounds the checkup: no
    step starts later, and each step is bounded by itself. ``asks_backend`` and ``asks_table`` say
    which of the two closes ask for reports, if either. ``keeps_reports`` says that a database of
    reports stands in for the Backend. ``tenant`` is whose orders are read.
    """

    settings: SettingsFacts
    calendar: Calendar
    rules: Rules
    known_secrets: KnownSecrets = field(default_factory=KnownSecrets, repr=False)
    doubts: tuple[str, ...] = ()
    is_in_memory: bool = False
    asks_backend: bool = True
    asks_table: bool = False
    keeps_reports: bool = False
    connect_seconds: float = 30.0
    currency_decimals: int = 2
    tenant: str = SINGLE
    collectors: tuple[tuple[str, str], ...] = ()
    collector_faults: tuple[str, ...] = ()
    total_seconds: float = 60.0


@dataclass(frozen=True, slots=True)
class Instruments:
    """What a checkup looks with; ``None`` where the settings don't allow to look.

    ``tenants`` are the directory and the calendars of its zones, where there are several tenants.
    """

    clock: Clock
    files: TrackedFiles
    collector: CollectorProbe
    inspector: OrdersInspector | None = None
    orders: OrderReader | None = None
    backend: BackendProbe | None = None
    reports: ReportsInspector | None = None
    tenants: tuple[TenantDirectory, Calendars] | None = None


class DoctorUseCase:
    """Looks at everything that a close depends on, and changes nothing anywhere."""

    def __init__(self, setup: CheckupSetup, instruments: Instruments) -> None:
        """Take what the settings say, and what to look with."""
        self._setup = setup
        self._with = instruments
        self._end_seconds = 0.0
        self._sample: tuple[str, Calendar] | None = None

    def examine(self) -> Iterator[Check]:
        """Yield each check as soon as it is made; what can't be looked at says why.

        Nothing that is foreseen is raised.
        """
        setup = self._setup
        self._end_seconds = self._with.clock.monotonic_seconds() + setup.total_seconds
        yield from settings_checks(setup.settings)
        yield from secret_checks(setup.known_secrets, self._with.files)
        if (yield from self._database()):
            yield from self._tenants()
            self._find_sample()
            yield from self._data()
        if setup.keeps_reports:
            yield from self._kept_reports()
        else:
            yield from self._backend()
        if not self._is_late:
            yield from collector_checks(
                setup.collectors, setup.collector_faults, self._with.collector
            )

    @property
    def _is_late(self) -> bool:
        return self._with.clock.monotonic_seconds() >= self._end_seconds

    def _database(self) -> Generator[Check, None, bool]:
        """Yield the checks of the database, and return whether orders can be read."""
        setup, inspector = self._setup, self._with.inspector
        if inspector is None:
            yield self._not_looked_at("database.connection", "DATABASE_URL can't be used")
            return setup.is_in_memory
        try:
            server = inspector.server()
        except AegisError as error:
            yield Check.of("database.connection", error)
            return False
        yield from server_checks(server, setup.connect_seconds)
        if not is_usable(server):
            return False
        if setup.doubts:
            yield self._not_looked_at("orders.tables", f"{', '.join(setup.doubts)} can't be used")
            return False
        yield from self._rights(inspector)
        if setup.asks_table:
            yield from self._reports(inspector)
        return (yield from self._tables(inspector))

    def _rights(self, inspector: OrdersInspector) -> Iterator[Check]:
        if self._is_late:
            yield self._late("role.rights")
            return
        try:
            yield from rights_checks(inspector.rights())
        except AegisError as error:
            yield Check.of("role.rights", error)

    def _reports(self, inspector: OrdersInspector) -> Iterator[Check]:
        name = "reports.table"
        if self._is_late:
            yield self._late(name)
            return
        yesterday = self._closed_days()[0]
        try:
            has = "has" if inspector.has_report(yesterday) else "doesn't have"
        except AegisError as error:
            yield Check.of(name, error)
        else:
            yield Check.ok(name, f"The table of reports can be read: it {has} one of {yesterday}.")

    def _tables(self, inspector: OrdersInspector) -> Generator[Check, None, bool]:
        if self._is_late:
            yield self._late("orders.tables")
            return False
        yesterday = self._closed_days()[0]
        try:
            fit = inspector.fit()
        except AegisError as error:
            yield Check.of("orders.tables", error)
            return False
        if fit.faults:
            yield from fit_checks(fit)
            return False
        try:
            access = inspector.access(self._setup.calendar.window(yesterday))
        except InvalidRequest as error:
            # The tables fit, but what their time column means doesn't fit the calendar.
            yield from fit_checks(Fit((Fault(error.code, error.message, error.remedy),)))
            return False
        except AegisError as error:
            yield from fit_checks(fit)
            yield unplanned_check(error)
            return False
        yield from fit_checks(fit)
        yield from access_checks(access, yesterday)
        return True

    def _tenants(self) -> Iterator[Check]:
        if self._with.tenants is None:
            return
        if self._is_late:
            yield self._late("tenants.directory")
            return
        window = self._setup.calendar.window(self._closed_days()[0])
        yield from tenants_checks(*self._with.tenants, window)

    def _data(self) -> Iterator[Check]:
        reader = self._with.orders
        if reader is None:
            return
        setup = self._setup
        if self._sample is None:
            return
        tenant, calendar = self._sample
        days: list[date] = []
        parts: list[Totals] = []
        for day in self._closed_days():
            if self._is_late:
                yield self._late("orders.data")
                break
            try:
                window = calendar.window(day)
                reading = reader.read(tenant, window, setup.rules.tolerance)
            except AegisError as error:
                yield _unread(day, error)
                break
            days.insert(0, day)
            parts.extend(reading.parts)
        if days:
            totals = Totals.sum(parts)
            whose = None if self._with.tenants is None else tenant
            yield from data_checks(days, totals, setup.rules, setup.currency_decimals, whose)

    def _find_sample(self) -> None:
        """Find whose orders are read: of several tenants, those of one.

        None where there is nobody, or the directory can't tell: it has been told by then.
        """
        if self._with.tenants is None:
            self._sample = (self._setup.tenant, self._setup.calendar)
            return
        directory, calendars = self._with.tenants
        window = self._setup.calendar.window(self._closed_days()[0])
        try:
            for zone_name in directory.zones():
                page = directory.page(zone_name, None, 1, window)
                if page:
                    self._sample = (page[0].id, calendars.of(zone_name))
                    return
        except AegisError:
            return

    def _backend(self) -> Iterator[Check]:
        probe = self._with.backend
        name = "backend.answer"
        if probe is None:
            yield self._not_looked_at(name, "BACKEND_BASE_URL or X_SERVICE_TOKEN can't be used")
            return
        if self._is_late:
            yield self._late(name)
            return
        if self._with.tenants is not None and self._sample is None:
            # The orders may not be fit to be read, or the directory not to be.
            self._find_sample()
            if self._sample is None:
                yield Check.warn(
                    name,
                    "Not looked at: it is asked about a tenant, and the directory names none.",
                    "Mend what is told of the directory or its database above, and run doctor"
                    " again.",
                )
                return
        yesterday = self._closed_days()[0]
        is_asked = self._setup.asks_backend
        try:
            yield from answer_checks(
                probe.ask(yesterday, self._tenant_asked_about), yesterday, is_asked=is_asked
            )
        except (BackendRefused, BackendUnavailable) as error:
            yield refusal_check(error, is_asked=is_asked)

    @property
    def _tenant_asked_about(self) -> str | None:
        """The tenant that the Backend is asked about; ``None`` where there is but one."""
        if self._with.tenants is None or self._sample is None:
            return None
        return self._sample[0]

    def _kept_reports(self) -> Iterator[Check]:
        inspector = self._with.reports
        name = "reports.connection"
        if inspector is None:
            yield self._not_looked_at(name, "AEGIS_REPORTS_URL can't be used")
            return
        if self._is_late:
            yield self._late(name)
            return
        yesterday = Period(PeriodKind.DAY, self._closed_days()[0])
        try:
            facts = inspector.facts()
        except AegisError as error:
            yield Check.of(name, error)
            return
        yield from reports_checks(facts)
        if is_fit(facts):
            try:
                yield revision_check(yesterday, inspector.revision_of(yesterday))
            except AegisError as error:
                yield Check.of("reports.answer", error)

    def _closed_days(self) -> list[date]:
        """Return the last days that are over, the newest first."""
        today = self._setup.calendar.business_date(self._with.clock.now())
        return [today - number * _ONE_DAY for number in range(1, _DAYS + 1)]

    def _not_looked_at(self, name: str, why: str) -> Check:
        if self._setup.is_in_memory:
            return Check.ok(name, "Not looked at: AEGIS_ADAPTERS=memory stands in for it.")
        return Check.warn(name, f"Not looked at: {why}.", _MEND_FIRST)

    def _late(self, name: str) -> Check:
        return Check.warn(
            name,
            f"Not looked at: the {self._setup.total_seconds:g} s of a checkup are over.",
            "See what above took so long; a checkup from nearer to the database may be faster.",
        )


def _unread(day: date, error: AegisError) -> Check:
    name = "orders.data"
    if error.code != "statement_timeout":
        return Check.of(name, error)
    return Check.warn(
        name,
        f"Reading the orders of {day} takes longer than a checkup waits.",
        "See orders.window_index and orders.items_index above. A close itself waits for"
        " AEGIS_DB_STATEMENT_TIMEOUT_SECONDS: try close --dry-run.",
    )
