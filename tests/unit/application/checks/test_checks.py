"""What is made of each fact: the verdict, the words and the remedy."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from aegis_batch.adapters.outbound.memory.clock import InMemoryClock
from aegis_batch.adapters.outbound.memory.collector_probe import InMemoryCollectorProbe
from aegis_batch.adapters.outbound.memory.orders_inspector import InMemoryOrdersInspector
from aegis_batch.adapters.outbound.memory.tracked_files import InMemoryTrackedFiles
from aegis_batch.application.checks.backend import answer_checks, refusal_check
from aegis_batch.application.checks.clocks import clock_check
from aegis_batch.application.checks.collector import collector_checks
from aegis_batch.application.checks.database import is_usable, server_checks
from aegis_batch.application.checks.leaks import KnownSecrets, secret_checks
from aegis_batch.application.checks.orders import access_checks, data_checks, fit_checks
from aegis_batch.application.checks.settings import SettingFault, SettingsFacts, settings_checks
from aegis_batch.application.ports.backend_probe import BackendAnswer
from aegis_batch.application.ports.orders_inspector import (
    Access,
    Fault,
    Fit,
    ScannedTable,
    SnapshotHold,
    WindowAccess,
)
from aegis_batch.application.ports.tracked_files import TrackedSearch
from aegis_batch.domain.checkup import Check, Verdict
from aegis_batch.domain.clock_skew import ClockSample
from aegis_batch.domain.consistency import Action, Rule, Rules
from aegis_batch.domain.errors import AegisError, BackendRefused, BackendUnavailable
from aegis_batch.domain.order import Order, OrderLine
from aegis_batch.domain.totals import Totals

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
DAY = date(2026, 11, 21)
SERVER = InMemoryOrdersInspector(InMemoryClock(NOON)).server()


def named(checks: list[Check], name: str) -> Check:
    [found] = [check for check in checks if check.name == name]
    return found


def remedy_of(check: Check) -> str:
    assert check.remedy is not None
    return check.remedy


def test_each_fault_of_the_settings_has_a_line_and_a_remedy() -> None:
    faults = (SettingFault("A", "is not set", "Set it."), SettingFault("B", "is wrong", "Mend it."))

    checks = list(settings_checks(SettingsFacts(3, faults)))

    assert checks == [
        Check.fail("settings", "A: is not set.", "Set it."),
        Check.fail("settings", "B: is wrong.", "Mend it."),
    ]


def test_settings_without_a_fault_are_fine() -> None:
    [check] = settings_checks(SettingsFacts(3))

    assert check.verdict is Verdict.OK


@pytest.mark.parametrize(("guess", "meant"), [("AEGIS_X", True), (None, False)])
def test_a_variable_that_nobody_reads_is_worth_a_warning(
    guess: str | None,
    meant: bool,  # noqa: FBT001 - a table's row
) -> None:
    _, check = settings_checks(SettingsFacts(3, unknown=(("AEGIS_XX", guess),)))

    assert check.verdict is Verdict.WARN
    assert ("Perhaps AEGIS_X is meant." in remedy_of(check)) is meant


TOKEN = KnownSecrets({"the value of X_SERVICE_TOKEN": ("token-4711",)})


def test_a_secret_in_a_tracked_file_is_named_and_not_shown() -> None:
    [check] = secret_checks(TOKEN, InMemoryTrackedFiles({"a'b.env": "X=token-4711"}))

    assert check.verdict is Verdict.FAIL
    assert check.message == (
        "The file a'b.env, which git tracks, holds the value of X_SERVICE_TOKEN."
    )
    assert "git rm --cached -- ':/a'\\''b.env'" in remedy_of(check)


def test_a_tracked_env_file_fails_whatever_is_in_it() -> None:
    [check] = secret_checks(TOKEN, InMemoryTrackedFiles({"deploy/.env": ""}))

    assert check.verdict is Verdict.FAIL
    assert "git rm --cached -- ':/deploy/.env' && echo .env >> \"$(git rev-parse" in remedy_of(
        check
    )


@pytest.mark.parametrize(
    ("files", "words"), [(2, "in 0.md, 1.md, which"), (7, "in 0.md, 1.md, 2.md, 3.md, 4.md and 2")]
)
def test_a_password_that_is_a_word_is_one_warning_in_however_many_files(
    files: int, words: str
) -> None:
    secrets = KnownSecrets({}, {"the password in DATABASE_URL": ("postgres",)})
    tracked = InMemoryTrackedFiles({f"{number}.md": "postgres" for number in range(files)})

    [check] = secret_checks(secrets, tracked)

    assert check.verdict is Verdict.WARN
    assert words in check.message
    assert "long random" in remedy_of(check)


class BoundedFiles:
    """Tracked files of which a search came to what a test says."""

    def __init__(self, found: TrackedSearch) -> None:
        self._found = found

    def search(self, secrets: Mapping[str, Sequence[str]]) -> TrackedSearch:
        assert secrets == TOKEN.forms
        return self._found


@pytest.mark.parametrize(
    ("search", "verdict", "words"),
    [
        (TrackedSearch("git is not installed"), Verdict.OK, "Not searched: git is not installed."),
        (TrackedSearch(None, 1234), Verdict.OK, "1,234 files"),
        (TrackedSearch(None, 5, is_whole=False), Verdict.WARN, "there are more"),
    ],
)
def test_a_search_says_how_far_it_went(search: TrackedSearch, verdict: Verdict, words: str) -> None:
    [check] = secret_checks(TOKEN, BoundedFiles(search))

    assert check.verdict is verdict
    assert words in check.message


@pytest.mark.parametrize(
    ("ahead", "verdict", "words"),
    [
        (timedelta(0), Verdict.OK, "agree within 5 s"),
        (timedelta(seconds=5), Verdict.OK, "agree"),
        (timedelta(seconds=6), Verdict.WARN, "is 6 s behind the database's"),
        (timedelta(seconds=-6), Verdict.WARN, "is 6 s ahead of the database's"),
        (timedelta(minutes=5), Verdict.WARN, "is 5 min behind"),
        (timedelta(seconds=301), Verdict.FAIL, "is 5 min behind"),
        (timedelta(hours=-3), Verdict.FAIL, "is 3 h ahead of"),
        (timedelta(days=3), Verdict.FAIL, "is 3 days behind"),
    ],
)
def test_a_clock_may_be_five_seconds_off_and_five_minutes_with_a_warning(
    ahead: timedelta, verdict: Verdict, words: str
) -> None:
    check = clock_check("c", "the database's", ClockSample(NOON, NOON + ahead, NOON))

    assert check.verdict is verdict
    assert words in check.message
    if verdict is not Verdict.OK:
        assert "NTP" in remedy_of(check)


def test_a_good_server_is_fine_throughout() -> None:
    checks = list(server_checks(SERVER, 30))

    assert {check.verdict for check in checks} == {Verdict.OK}
    assert is_usable(SERVER)


@pytest.mark.parametrize(
    ("number", "verdict"), [(130_022, Verdict.FAIL), (140_000, Verdict.OK), (180_001, Verdict.OK)]
)
def test_a_server_is_14_or_newer(number: int, verdict: Verdict) -> None:
    server = replace(SERVER, version_number=number)

    assert named(list(server_checks(server, 30)), "database.version").verdict is verdict
    assert is_usable(server) is (verdict is Verdict.OK)


@pytest.mark.parametrize(
    ("hold", "words"),
    [
        (SnapshotHold.TORN, "pool_mode = transaction"),
        (SnapshotHold.REFUSED, "Set pool_mode = transaction in PgBouncer"),
    ],
)
def test_without_one_snapshot_nothing_can_be_closed(hold: SnapshotHold, words: str) -> None:
    server = replace(SERVER, snapshot=hold)
    check = named(list(server_checks(server, 30)), "database.snapshot")

    assert check.verdict is Verdict.FAIL
    assert words in remedy_of(check)
    assert not is_usable(server)


def test_a_connection_that_anybody_could_listen_to_is_worth_a_warning() -> None:
    checks = list(server_checks(replace(SERVER, is_exposed=True), 30))
    check = named(checks, "database.encryption")

    assert check.verdict is Verdict.WARN
    assert "sslmode=require" in remedy_of(check)


@pytest.mark.parametrize(("seconds", "verdict"), [(9.5, Verdict.WARN), (10, Verdict.OK)])
def test_a_database_that_sleeps_needs_time_to_wake(seconds: float, verdict: Verdict) -> None:
    checks = list(server_checks(replace(SERVER, sleeps_at="Neon"), seconds))
    check = named(checks, "database.sleep")

    assert check.verdict is verdict
    assert check.message.startswith("Neon lets the database sleep")
    assert (check.remedy is None) is (verdict is Verdict.OK)


def test_tables_that_fit_say_what_the_time_column_means() -> None:
    checks = list(fit_checks(Fit((), "created_at is a date.")))

    assert [check.name for check in checks] == ["orders.tables", "orders.placed_at"]
    assert {check.verdict for check in checks} == {Verdict.OK}


def test_every_fault_of_the_tables_has_its_own_line() -> None:
    faults = (
        Fault("missing_column", "One.", "Mend one."),
        Fault("missing_table", "Two.", "Mend two."),
    )

    checks = list(fit_checks(Fit(faults)))

    assert [(check.name, check.message, check.remedy) for check in checks] == [
        ("orders.tables", "One.", "Mend one."),
        ("orders.tables", "Two.", "Mend two."),
    ]


def test_an_ambiguous_time_column_leaves_the_tables_fine() -> None:
    fit = Fit((Fault("placed_at_ambiguous", "Which?", "Say which."),))

    tables, placed_at = fit_checks(fit)

    assert (tables.name, tables.verdict) == ("orders.tables", Verdict.OK)
    assert (placed_at.name, placed_at.verdict) == ("orders.placed_at", Verdict.FAIL)


COMPUTED = (
    "The view computes what is looked for, so no index on a column of t, u serves: hand the column"
    " on as the table has it (for a time, AEGIS_ORDERS_PLACED_AT_KIND says what it means), or make"
    " an index on the same expression."
)
MIB = 1024 * 1024


@pytest.mark.parametrize(
    ("scanned", "verdict", "words", "remedy"),
    [
        ((), Verdict.OK, "about 1,200 orders on 2026-11-21", None),
        ((ScannedTable("t", MIB, "CREATE INDEX"),), Verdict.OK, "fine while it is small", None),
        (
            (ScannedTable("t", 8 * MIB, "CREATE INDEX ON t (at);"),),
            Verdict.WARN,
            "reads t from end to end (8 MiB)",
            "As the owner of the table:\nCREATE INDEX ON t (at);",
        ),
        (
            (ScannedTable("t", 5 * MIB, None), ScannedTable("u", 5 * MIB, None)),
            Verdict.WARN,
            "reads t, u from end to end (10 MiB)",
            COMPUTED,
        ),
    ],
)
def test_a_large_table_needs_an_index_and_a_small_one_does_not(
    scanned: tuple[ScannedTable, ...], verdict: Verdict, words: str, remedy: str | None
) -> None:
    orders, items = access_checks(WindowAccess(Access(1200, scanned), Access(1)), DAY)

    assert (orders.name, orders.verdict, orders.remedy) == ("orders.window_index", verdict, remedy)
    assert words in orders.message
    assert (items.name, items.verdict) == ("orders.items_index", Verdict.OK)


def order(number: int, total: str, *lines: tuple[str, str]) -> Order:
    made = tuple(OrderLine("Soup", Decimal(quantity), Decimal(price)) for quantity, price in lines)
    return Order(str(number), Decimal(total), made)


GOOD = order(1, "2", ("1", "2"))


def data(*orders: Order, rules: Rules | None = None) -> list[Check]:
    totals = Totals.sum(Totals.of(one) for one in orders)
    days = [DAY - timedelta(days=1), DAY]
    return list(data_checks(days, totals, rules or Rules(), 2))


def test_orders_that_add_up_are_shown_to_be_compared() -> None:
    [check] = data(GOOD, order(2, "1234.5", ("1", "1234.5")))

    assert check.verdict is Verdict.OK
    assert "2 orders on the days 2026-11-20 to 2026-11-21" in check.message
    assert "a revenue of 1,236.50" in check.message


def test_days_without_any_order_are_worth_a_warning() -> None:
    [check] = data_checks([DAY], Totals(), Rules(), 2)

    assert check.verdict is Verdict.WARN
    assert check.message == "There is no order on any of the days 2026-11-21."
    assert "AEGIS_ORDERS_STATUSES" in remedy_of(check)


@pytest.mark.parametrize(
    ("broken", "rule", "verdict", "remedy"),
    [
        (
            order(2, "-1", ("1", "2")),
            "negative_total",
            Verdict.FAIL,
            "put negative_total=warn into AEGIS_RULES",
        ),
        (order(2, "NaN", ("1", "2")), "invalid_number", Verdict.FAIL, "can't be waived"),
        (
            order(2, "-2", ("-1", "2")),
            "invalid_quantity",
            Verdict.FAIL,
            "put invalid_quantity=warn into AEGIS_RULES",
        ),
        (order(2, "1", ("0.5", "2")), "invalid_quantity", Verdict.FAIL, "can't be waived"),
        (
            order(2, "-2", ("1", "-2")),
            "negative_price",
            Verdict.FAIL,
            "put negative_price=warn into AEGIS_RULES",
        ),
        (order(2, "0"), "empty_order", Verdict.WARN, "set AEGIS_RULES=empty_order=ignore."),
        (
            order(2, "3", ("1", "2")),
            "line_total_mismatch",
            Verdict.WARN,
            "set AEGIS_RULES=line_total_mismatch=ignore; or set AEGIS_TOTAL_TOLERANCE",
        ),
    ],
)
def test_a_broken_rule_leads_to_the_setting_that_may_change_it(
    broken: Order, rule: str, verdict: Verdict, remedy: str
) -> None:
    check = named(data(GOOD, broken), f"orders.data.{rule}")

    assert check.verdict is verdict
    assert check.message.startswith(f"1 order breaks the rule {rule} (2)")
    assert remedy in remedy_of(check)


def test_a_setting_keeps_what_was_chosen_for_other_rules() -> None:
    rules = Rules({Rule.EMPTY_ORDER: Action.IGNORE, Rule.LINE_TOTAL_MISMATCH: Action.REJECT})

    check = named(
        data(order(2, "3", ("1", "2")), order(3, "0"), rules=rules),
        "orders.data.line_total_mismatch",
    )

    assert check.verdict is Verdict.FAIL
    assert "set AEGIS_RULES=empty_order=ignore,line_total_mismatch=warn" in remedy_of(check)


def test_several_broken_rules_have_one_setting_together() -> None:
    rules = Rules({Rule.NEGATIVE_PRICE: Action.WARN})

    checks = data(
        order(2, "-1", ("1", "2")), order(3, "0"), order(4, "1", ("1", "0.5")), rules=rules
    )

    together = (
        "AEGIS_RULES=negative_total=warn,negative_price=warn,empty_order=ignore,"
        "line_total_mismatch=ignore)"
    )
    told = [check for check in checks if check.remedy is not None]
    assert len(told) == 3
    for check in told:
        assert remedy_of(check).count("AEGIS_RULES=") == 1
        assert together in remedy_of(check)
    assert "put negative_total=warn into" in remedy_of(told[0])
    assert "empty_order=reject in its place" in remedy_of(named(checks, "orders.data.empty_order"))


def test_many_broken_orders_are_counted_and_some_are_named() -> None:
    check = named(data(*(order(n, "0") for n in range(10, 22))), "orders.data.empty_order")

    assert check.message.startswith("12 orders break the rule empty_order (10, 11, ")
    assert check.message.count(", ...)") == 1


HAS = BackendAnswer(is_closed=True, is_page=False, clock=None)
HAS_NOT = replace(HAS, is_closed=False)


@pytest.mark.parametrize(
    ("answer", "verdict", "words"),
    [
        (HAS, Verdict.OK, "takes the token: it has a report of 2026-11-21"),
        (HAS_NOT, Verdict.OK, "it doesn't have a report of 2026-11-21"),
        (replace(HAS, is_page=True), Verdict.OK, "it has a report"),
        (replace(HAS_NOT, is_page=True), Verdict.WARN, "with a page for people"),
        (replace(HAS_NOT, heeds_token=False), Verdict.WARN, "nothing shows that it takes yours"),
        (replace(HAS, heeds_token=False), Verdict.WARN, "the same to a token that nobody has"),
        (replace(HAS_NOT, heeds_token=None), Verdict.OK, "as the contract says: it doesn't have"),
        (replace(HAS, lacking=("a", "b")), Verdict.WARN, "has no a, b that can be read"),
    ],
)
def test_an_answer_of_the_backend_is_told(
    answer: BackendAnswer, verdict: Verdict, words: str
) -> None:
    [check] = answer_checks(answer, DAY, is_asked=True)

    assert (check.name, check.verdict) == ("backend.answer", verdict)
    assert words in check.message


@pytest.mark.parametrize("is_page", [True, False])
def test_a_backend_that_closes_do_not_ask_need_not_know_the_path(
    is_page: bool,  # noqa: FBT001 - a table's row
) -> None:
    answer = replace(HAS_NOT, is_page=is_page, heeds_token=False)

    [check] = answer_checks(answer, DAY, is_asked=False)

    assert check.verdict is Verdict.OK
    assert "takes the token" not in check.message


def test_the_backends_date_tells_of_clocks() -> None:
    late = ClockSample(NOON, NOON + timedelta(hours=1), NOON, timedelta(seconds=1))

    _, check = answer_checks(replace(HAS, clock=late), DAY, is_asked=True)

    assert (check.name, check.verdict) == ("backend.clock", Verdict.FAIL)


REFUSED_405 = BackendRefused("backend_refused", "No.", "Look.", 405)


@pytest.mark.parametrize(
    ("error", "is_asked", "verdict", "remedy"),
    [
        (
            BackendRefused("backend_refused", "No.", "Check X_SERVICE_TOKEN.", 401),
            False,
            Verdict.FAIL,
            "Check X_SERVICE_TOKEN.",
        ),
        (REFUSED_405, True, Verdict.FAIL, "Look."),
        (REFUSED_405, False, Verdict.OK, None),
        (
            BackendUnavailable("malformed_answer", "Not.", "Later."),
            True,
            Verdict.FAIL,
            "Later.",
        ),
        (
            BackendUnavailable("backend_unreachable", "Away.", "Start it."),
            False,
            Verdict.FAIL,
            "Start it.",
        ),
    ],
)
def test_a_refusal_leads_to_its_remedy(
    error: AegisError,
    is_asked: bool,  # noqa: FBT001 - a table's row
    verdict: Verdict,
    remedy: str | None,
) -> None:
    check = refusal_check(error, is_asked=is_asked)

    assert (check.name, check.verdict, check.remedy) == ("backend.answer", verdict, remedy)


NETWORK = InMemoryCollectorProbe([("collector", 4317), ("::1", 80), ("otel.example", 443)])


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://collector:4317",
        "http://u:p@collector:4317/v1",
        "http://[::1]",
        "https://otel.example/v1/traces",
    ],
)
def test_a_collector_that_is_there_is_found(endpoint: str) -> None:
    [check] = collector_checks([("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)], (), NETWORK)

    assert check.verdict is Verdict.OK
    assert "u:p" not in check.message


@pytest.mark.parametrize(
    ("endpoint", "words"),
    [
        ("http://collector:4318", "Nothing accepts connections at collector:4318"),
        ("collector:x", "is no address"),
        ("collector:4317", "doesn't say whether collector:4317 is to be spoken to with TLS"),
        ("ftp://collector", "is no address"),
        ("http://:4317", "is no address"),
        ("http://[::1", "is no address"),
    ],
)
def test_a_collector_that_is_not_there_costs_telemetry_alone(endpoint: str, words: str) -> None:
    [check] = collector_checks([("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)], (), NETWORK)

    assert check.verdict is Verdict.WARN
    assert words in check.message
    assert "4317" in remedy_of(check)


@pytest.mark.parametrize(
    ("variable", "words"),
    [
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc and http/protobuf"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "Write OTEL_EXPORTER_OTLP_ENDPOINT=http://"),
    ],
)
def test_a_variable_that_keeps_telemetry_here_is_told(variable: str, words: str) -> None:
    [check] = collector_checks([], [variable], NETWORK)

    assert check.verdict is Verdict.WARN
    assert check.message.startswith(f"{variable} is set to something that this program can't do")
    assert words in remedy_of(check)


def test_no_collector_is_fine() -> None:
    [check] = collector_checks([], (), NETWORK)

    assert check.verdict is Verdict.OK
