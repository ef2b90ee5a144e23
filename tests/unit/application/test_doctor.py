"""The checkup as a whole: what it looks at, what it leaves out, and when it stops."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from aegis_batch.adapters.outbound.memory.backend_probe import InMemoryBackendProbe
from aegis_batch.adapters.outbound.memory.calendars import InMemoryCalendars
from aegis_batch.adapters.outbound.memory.clock import InMemoryClock
from aegis_batch.adapters.outbound.memory.collector_probe import InMemoryCollectorProbe
from aegis_batch.adapters.outbound.memory.order_reader import InMemoryOrderReader, PlacedOrder
from aegis_batch.adapters.outbound.memory.orders_inspector import InMemoryOrdersInspector
from aegis_batch.adapters.outbound.memory.reports_inspector import InMemoryReportsInspector
from aegis_batch.adapters.outbound.memory.tenant_directory import InMemoryTenantDirectory
from aegis_batch.adapters.outbound.memory.tracked_files import InMemoryTrackedFiles
from aegis_batch.adapters.outbound.system.time_zones import load_zone
from aegis_batch.application.checks.leaks import KnownSecrets
from aegis_batch.application.checks.settings import SettingFault, SettingsFacts
from aegis_batch.application.doctor import CheckupSetup, DoctorUseCase, Instruments
from aegis_batch.application.ports.order_reader import Reading
from aegis_batch.application.ports.orders_inspector import (
    Fault,
    Fit,
    RoleRights,
    ServerFacts,
    SnapshotHold,
)
from aegis_batch.application.ports.reports_inspector import ReportsFacts
from aegis_batch.domain.calendar import Calendar, Period, PeriodKind, Window
from aegis_batch.domain.checkup import Check, Verdict
from aegis_batch.domain.clock_skew import ClockSample
from aegis_batch.domain.consistency import Rules
from aegis_batch.domain.errors import (
    AegisError,
    BackendRefused,
    BackendUnavailable,
    InvalidRequest,
    OrdersMisfit,
    OrdersUnreachable,
)
from aegis_batch.domain.order import Order, OrderLine
from aegis_batch.domain.tenant import Tenant

if TYPE_CHECKING:
    from aegis_batch.application.ports.calendars import Calendars
    from aegis_batch.application.ports.tenant_directory import TenantDirectory

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
ZONE = "America/Sao_Paulo"
SETUP = CheckupSetup(
    settings=SettingsFacts(3),
    calendar=Calendar(load_zone(ZONE), ZONE),
    rules=Rules(),
)
ALL = [
    "settings",
    "secrets.tracked",
    "database.connection",
    "database.version",
    "database.clock",
    "database.snapshot",
    "role.rights",
    "orders.tables",
    "orders.placed_at",
    "orders.window_index",
    "orders.items_index",
    "orders.data",
    "backend.answer",
    "backend.clock",
    "collector",
]


def soup(order_id: str, days_ago: int) -> PlacedOrder:
    lines = (OrderLine("Soup", Decimal(1), Decimal(2)),)
    return PlacedOrder(NOW - timedelta(days=days_ago), Order(order_id, Decimal(2), lines))


class UnreadableOrders(InMemoryOrderReader):
    """Orders of which those of one window can't be read."""

    def __init__(self, orders: Sequence[PlacedOrder], error: AegisError, after: int) -> None:
        super().__init__(orders)
        self._error = error
        self._left = after

    def read(self, tenant: str, window: Window, tolerance: Decimal) -> Reading:
        if self._left == 0:
            raise self._error
        self._left -= 1
        return super().read(tenant, window, tolerance)


class SlowInspector(InMemoryOrdersInspector):
    """A database for which time passes at one of the questions."""

    def __init__(self, clock: InMemoryClock, slow: str) -> None:
        super().__init__(clock)
        self._clock = clock
        self._slow = slow

    def server(self) -> ServerFacts:
        found = super().server()
        return self._after(found, "server")

    def rights(self) -> RoleRights:
        self._after(self.server_facts, "rights")
        return super().rights()

    def fit(self) -> Fit:
        self._after(self.server_facts, "fit")
        return super().fit()

    def _after(self, facts: ServerFacts, name: str) -> ServerFacts:
        if name == self._slow:
            self._clock.advance(timedelta(seconds=60))
        return facts


class Ground:
    """Everything that a checkup looks at, all of it good at first."""

    def __init__(self, setup: CheckupSetup = SETUP) -> None:
        self.setup = setup
        self.clock = InMemoryClock(NOW)
        self.inspector: InMemoryOrdersInspector | None = InMemoryOrdersInspector(self.clock)
        self.backend: InMemoryBackendProbe | None = InMemoryBackendProbe(self.clock)
        self.orders: InMemoryOrderReader | None = InMemoryOrderReader(
            [soup("1", 1), soup("2", 7), soup("3", 8), soup("4", 0)]
        )
        self.files = InMemoryTrackedFiles()
        self.reports: InMemoryReportsInspector | None = InMemoryReportsInspector()
        self.tenants: tuple[TenantDirectory, Calendars] | None = None

    def examine(self) -> list[Check]:
        instruments = Instruments(
            self.clock,
            self.files,
            InMemoryCollectorProbe(),
            self.inspector,
            self.orders,
            self.backend,
            self.reports,
            self.tenants,
        )
        return list(DoctorUseCase(self.setup, instruments).examine())

    @property
    def database(self) -> InMemoryOrdersInspector:
        assert self.inspector is not None
        return self.inspector


@pytest.fixture
def ground() -> Ground:
    return Ground()


def names_of(checks: list[Check]) -> list[str]:
    return [check.name for check in checks]


def named(checks: list[Check], name: str) -> Check:
    [found] = [check for check in checks if check.name == name]
    return found


def test_where_all_is_well_everything_is_looked_at(ground: Ground) -> None:
    checks = ground.examine()

    assert names_of(checks) == ALL
    assert {check.verdict for check in checks} == {Verdict.OK}


def test_the_seven_days_before_today_are_read(ground: Ground) -> None:
    data = named(ground.examine(), "orders.data")

    assert data.message.startswith("2 orders on the days 2026-11-15 to 2026-11-21")


def test_secrets_are_looked_up_in_tracked_files() -> None:
    ground = Ground(replace(SETUP, known_secrets=KnownSecrets({"the token": ("hidden-token",)})))
    ground.files = InMemoryTrackedFiles({"deploy.yml": "token: hidden-token"})

    check = named(ground.examine(), "secrets.tracked")

    assert check.verdict is Verdict.FAIL
    assert "hidden-token" not in repr(ground.setup) + repr(check)


def test_wrong_settings_stop_only_what_they_concern() -> None:
    fault = SettingFault("DATABASE_URL", "is not set", "Set it.")
    ground = Ground(replace(SETUP, settings=SettingsFacts(2, (fault,))))
    ground.inspector = ground.orders = None

    checks = ground.examine()

    assert named(checks, "settings").verdict is Verdict.FAIL
    assert named(checks, "database.connection").verdict is Verdict.WARN
    assert "orders.data" not in names_of(checks)
    assert named(checks, "backend.answer").verdict is Verdict.OK


def test_without_a_backend_its_check_says_why(ground: Ground) -> None:
    ground.backend = None

    check = named(ground.examine(), "backend.answer")

    assert check.verdict is Verdict.WARN
    assert "X_SERVICE_TOKEN" in check.message


def test_in_memory_there_is_nothing_to_connect_to() -> None:
    ground = Ground(replace(SETUP, is_in_memory=True))
    ground.inspector = ground.backend = None

    checks = ground.examine()

    assert {check.verdict for check in checks} == {Verdict.OK}
    assert "orders.data" in names_of(checks)


def test_in_memory_without_orders_there_is_no_data() -> None:
    ground = Ground(replace(SETUP, is_in_memory=True))
    ground.inspector = ground.backend = ground.orders = None

    assert "orders.data" not in names_of(ground.examine())


def test_a_database_that_is_away_is_told_and_the_rest_goes_on(ground: Ground) -> None:
    ground.database.faults["server"] = OrdersUnreachable("x", "It is away.", "Start it.")

    checks = ground.examine()

    assert named(checks, "database.connection") == Check.fail(
        "database.connection", "It is away.", "Start it."
    )
    assert names_of(checks)[3:] == ["backend.answer", "backend.clock", "collector"]


def test_without_transactions_nothing_more_is_asked_of_the_database(ground: Ground) -> None:
    facts = ground.database.server_facts
    ground.database.server_facts = replace(facts, snapshot=SnapshotHold.REFUSED)

    checks = ground.examine()

    assert named(checks, "database.snapshot").verdict is Verdict.FAIL
    assert "role.rights" not in names_of(checks)


def test_a_wrong_clock_stops_nothing(ground: Ground) -> None:
    late = ClockSample(NOW, NOW + timedelta(hours=1), NOW)
    ground.database.server_facts = replace(ground.database.server_facts, clock=late)

    checks = ground.examine()

    assert named(checks, "database.clock").verdict is Verdict.FAIL
    assert names_of(checks) == ALL


def test_wrong_settings_of_tables_are_not_looked_up() -> None:
    ground = Ground(replace(SETUP, doubts=("AEGIS_ORDERS_TABLE",)))

    checks = ground.examine()

    assert named(checks, "orders.tables").message == (
        "Not looked at: AEGIS_ORDERS_TABLE can't be used."
    )
    assert "orders.data" not in names_of(checks)


def test_tables_that_do_not_fit_are_not_read(ground: Ground) -> None:
    ground.database.fit_facts = Fit((Fault("missing_table", "None.", "Make it."),))

    checks = ground.examine()

    assert named(checks, "orders.tables").remedy == "Make it."
    assert "orders.window_index" not in names_of(checks)
    assert "orders.data" not in names_of(checks)


@pytest.mark.parametrize(
    ("method", "name"),
    [("rights", "role.rights"), ("fit", "orders.tables"), ("access", "orders.window_index")],
)
def test_a_question_that_fails_is_told_where_it_was_asked(
    ground: Ground, method: str, name: str
) -> None:
    ground.database.faults[method] = OrdersMisfit("x", "It failed.", "See the log.")

    failed = [check for check in ground.examine() if check.verdict is Verdict.FAIL]

    assert failed == [Check.fail(name, "It failed.", "See the log.")]


@pytest.mark.parametrize(("days", "has"), [([21], "it has one"), ([], "it doesn't have one")])
def test_a_table_of_reports_is_looked_at_where_closes_ask_it(days: list[int], has: str) -> None:
    ground = Ground(replace(SETUP, asks_table=True))
    ground.database.reported.update(date(2026, 11, day) for day in days)

    check = named(ground.examine(), "reports.table")

    assert check.verdict is Verdict.OK
    assert f"{has} of 2026-11-21" in check.message


def test_a_table_of_reports_that_cannot_be_read_is_told_with_its_remedy() -> None:
    ground = Ground(replace(SETUP, asks_table=True))
    ground.database.faults["has_report"] = BackendRefused("missing_table", "None.", "Create it.")

    checks = ground.examine()

    assert named(checks, "reports.table") == Check.fail("reports.table", "None.", "Create it.")
    assert named(checks, "orders.tables").verdict is Verdict.OK


def test_dates_that_cannot_tell_the_days_are_a_fault_of_the_time_column_alone(
    ground: Ground,
) -> None:
    error = InvalidRequest("date_needs_midnight", "Dates have no time.", "Set the start.")
    ground.database.faults["access"] = error

    checks = ground.examine()

    assert named(checks, "orders.tables").verdict is Verdict.OK
    assert named(checks, "orders.placed_at") == Check.fail(
        "orders.placed_at", "Dates have no time.", "Set the start."
    )
    assert "orders.data" not in names_of(checks)


def test_a_plan_that_never_comes_speaks_of_locks(ground: Ground) -> None:
    error = OrdersUnreachable("statement_timeout", "Too slow.", "See the index.")
    ground.database.faults["access"] = error

    checks = ground.examine()

    assert named(checks, "orders.tables").verdict is Verdict.OK
    assert named(checks, "orders.placed_at").verdict is Verdict.OK
    assert named(checks, "orders.window_index").verdict is Verdict.FAIL
    assert "pg_locks" in str(named(checks, "orders.window_index").remedy)


def test_a_day_that_cannot_be_read_is_told_beside_those_that_were(ground: Ground) -> None:
    error = OrdersMisfit("unreadable_value", "It holds a value.", "Find it.")
    ground.orders = UnreadableOrders([soup("1", 1)], error, after=2)

    found = [check for check in ground.examine() if check.name == "orders.data"]

    assert [check.verdict for check in found] == [Verdict.FAIL, Verdict.OK]
    assert found[0].remedy == "Find it."
    assert "2026-11-20 to 2026-11-21" in found[1].message


def test_a_day_that_takes_too_long_is_a_warning_since_a_close_waits_longer(
    ground: Ground,
) -> None:
    error = OrdersUnreachable("statement_timeout", "Too slow.", "Raise it.")
    ground.orders = UnreadableOrders([], error, after=0)

    check = named(ground.examine(), "orders.data")

    assert check.verdict is Verdict.WARN
    assert "close --dry-run" in str(check.remedy)


def test_a_backend_that_is_away_is_told(ground: Ground) -> None:
    assert ground.backend is not None
    ground.backend.fault = BackendUnavailable("backend_unreachable", "It is away.", "Start it.")

    check = named(ground.examine(), "backend.answer")

    assert (check.verdict, check.remedy) == (Verdict.FAIL, "Start it.")


def test_a_table_of_reports_is_not_looked_at_after_the_time_of_a_checkup() -> None:
    ground = Ground(replace(SETUP, asks_table=True))
    ground.inspector = SlowInspector(ground.clock, "rights")

    assert "are over" in named(ground.examine(), "reports.table").message


@pytest.mark.parametrize(
    ("slow", "late"),
    [
        ("server", ["role.rights", "orders.tables", "backend.answer"]),
        ("rights", ["orders.tables", "backend.answer"]),
        ("fit", ["orders.data", "backend.answer"]),
    ],
)
def test_no_step_starts_after_the_time_of_a_checkup(slow: str, late: list[str]) -> None:
    ground = Ground()
    ground.inspector = SlowInspector(ground.clock, slow)

    checks = ground.examine()

    told = [check.name for check in checks if "60 s of a checkup are over" in check.message]
    assert told == late
    assert "collector" not in names_of(checks)


KEEPING = replace(SETUP, keeps_reports=True)


def of_reports(ground: Ground) -> list[Check]:
    return [check for check in ground.examine() if check.name.startswith(("reports.", "backend."))]


def test_a_database_of_reports_is_looked_at_in_place_of_the_backend() -> None:
    ground = Ground(KEEPING)
    assert ground.reports is not None
    ground.reports.revisions[Period(PeriodKind.DAY, date(2026, 11, 21))] = 2

    checks = of_reports(ground)

    assert [check.name for check in checks] == [
        "reports.connection",
        "reports.place",
        "reports.schema",
        "reports.rights",
        "reports.answer",
    ]
    assert {check.verdict for check in checks} == {Verdict.OK}
    assert checks[-1].message == "Its reports can be read: of 2026-11-21 it has revision 2."


def test_a_database_of_reports_that_is_unfit_is_not_asked_for_reports() -> None:
    ground = Ground(KEEPING)
    assert ground.reports is not None
    ground.reports.stands = ReportsFacts("writer", "18.1", pending=("0001",))

    assert [check.name for check in of_reports(ground)][-1] == "reports.schema"


def test_a_database_of_reports_that_is_away_says_why() -> None:
    ground = Ground(KEEPING)
    assert ground.reports is not None
    ground.reports.fault = BackendUnavailable("reports_unreachable", "Away.", "Start it.")

    [check] = of_reports(ground)

    assert (check.name, check.verdict, check.remedy) == (
        "reports.connection",
        Verdict.FAIL,
        "Start it.",
    )


def test_reports_that_cannot_be_read_say_why() -> None:
    class Torn(InMemoryReportsInspector):
        def revision_of(self, period: Period) -> int | None:
            raise BackendRefused("reports_unfit", f"No column for {period}.", "Undo it.")

    ground = Ground(KEEPING)
    ground.reports = Torn()

    assert [check.name for check in of_reports(ground)][-1] == "reports.answer"
    assert of_reports(ground)[-1].remedy == "Undo it."


def test_without_an_address_the_reports_database_is_not_looked_at() -> None:
    ground = Ground(KEEPING)
    ground.reports = None

    [check] = of_reports(ground)

    assert check.message == "Not looked at: AEGIS_REPORTS_URL can't be used."


def test_a_late_checkup_leaves_the_reports_database_out() -> None:
    ground = Ground(KEEPING)
    ground.inspector = SlowInspector(ground.clock, "fit")

    [check] = of_reports(ground)

    assert "are over" in check.message


@pytest.mark.parametrize(("slow", "told"), [("nothing", "active tenants"), ("fit", "are over")])
def test_the_tenants_of_several_are_looked_at_unless_it_is_late(slow: str, told: str) -> None:
    ground = Ground()
    zone = ground.setup.calendar.zone_name
    directory = InMemoryTenantDirectory([Tenant("a")], zone)
    ground.tenants = (directory, InMemoryCalendars(ground.setup.calendar))
    ground.inspector = SlowInspector(ground.clock, slow)

    assert told in named(ground.examine(), "tenants.directory").message


def test_the_orders_and_the_backend_are_looked_at_for_one_of_several_tenants() -> None:
    ground = Ground()
    assert ground.orders is not None
    assert ground.backend is not None
    ground.orders.orders = [replace(placed, tenant="a") for placed in ground.orders.orders]
    zone = ground.setup.calendar.zone_name
    calendars = InMemoryCalendars(ground.setup.calendar)
    ground.tenants = (InMemoryTenantDirectory([Tenant("a"), Tenant("b")], zone), calendars)

    data = named(ground.examine(), "orders.data").message
    assert data.startswith("2 orders of the tenant a on the days ")
    assert ground.backend.asked_about == ["a"]

    ground.database.faults["server"] = OrdersUnreachable("silent", "It is away.", "Wait.")
    ground.examine()
    assert ground.backend.asked_about == ["a", "a"]

    ground.database.faults.clear()
    ground.tenants = (InMemoryTenantDirectory([], zone), calendars)
    assert "orders.data" not in [check.name for check in ground.examine()]
    assert ground.backend.asked_about == ["a", "a"]
    assert "the directory names none" in named(ground.examine(), "backend.answer").message


def test_a_directory_that_cant_be_read_leaves_nobody_to_look_at() -> None:
    class Unreadable(InMemoryTenantDirectory):
        def zones(self) -> list[str | None]:
            raise OrdersMisfit("missing_table", "It is not there.", "Make it.")

    ground = Ground()
    calendars = InMemoryCalendars(ground.setup.calendar)
    ground.tenants = (Unreadable([], ground.setup.calendar.zone_name), calendars)

    assert "orders.data" not in [check.name for check in ground.examine()]
