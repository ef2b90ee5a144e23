"""``doctor`` as a real process: every fault leads to its remedy, and the remedy to an ok."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.integration.closing import TOKEN
from tests.integration.contract.test_tracked_files import git, repository
from tests.integration.program import run
from tests.integration.remedies import Told, apply, doctor
from tests.integration.shop import open_shop, settings_for
from tests.servers.postgres import Database
from tests.servers.wiremock import WireMockServer

READER = "doctors_reader"
_ANY_DAY = {"urlPathPattern": "/reports/[0-9-]+"}

Look = Callable[..., Told]


def _tenants_in(column: str) -> dict[str, str]:
    """Return the settings of a deployment whose orders name their tenants in a column."""
    return {
        "AEGIS_TENANCY": "multi",
        "AEGIS_TENANTS": "a",
        "AEGIS_ORDERS_TENANT": column,
    }


@pytest.fixture
def shop(database: Database) -> Iterator[Database]:
    """A shop with a role that may only read, and an order of each of the last days."""
    open_shop(database)
    with database.connect() as connection:
        connection.execute("TRUNCATE orders, order_items")
        # One a day, and some more, so that there are seven on whichever seven days are looked at.
        connection.execute(
            "INSERT INTO orders SELECT g, now() - g * interval '1 day', 2"
            " FROM generate_series(0, 9) g"
        )
        connection.execute(
            "INSERT INTO order_items SELECT g, 'Soup', 1, 2 FROM generate_series(0, 9) g"
        )
        connection.execute(f"CREATE ROLE {READER} LOGIN PASSWORD 'reader'")
        connection.execute(f"GRANT SELECT ON orders, order_items TO {READER}")
        connection.execute(f"REVOKE TEMPORARY ON DATABASE {database.name} FROM PUBLIC")
    yield database
    with database.connect() as connection:
        connection.execute("REASSIGN OWNED BY " + READER + " TO CURRENT_USER")
        connection.execute("DROP OWNED BY " + READER)
        connection.execute("DROP ROLE " + READER)


@pytest.fixture
def backend(wiremock: WireMockServer) -> WireMockServer:
    """A Backend that has no report yet, and takes our token alone."""
    no_path = {"urlPath": None, **_ANY_DAY}
    wiremock.stub("GET", "", {"status": 401}, request=no_path)
    headers = {"X-SERVICE-TOKEN": {"equalTo": TOKEN}}
    wiremock.stub("GET", "", {"status": 404}, request={**no_path, "headers": headers})
    return wiremock


@pytest.fixture
def settings(shop: Database, backend: WireMockServer) -> dict[str, str]:
    return {
        **settings_for(shop, backend.url, TOKEN),
        "DATABASE_URL": shop.dsn(READER, "reader"),
        "AEGIS_TIMEZONE": "Etc/UTC",
    }


@pytest.fixture
def look(settings: dict[str, str], tmp_path: Path) -> Look:
    def look_at(**changes: str | None) -> Told:
        changed = {**settings, **changes}
        return doctor({name: text for name, text in changed.items() if text is not None}, tmp_path)

    return look_at


def test_where_all_is_well_nothing_is_amiss_and_nothing_is_written(
    look: Look, backend: WireMockServer, tmp_path: Path
) -> None:
    told = look()

    assert told.amiss() == []
    assert told.status == 0
    [data] = told.named("orders.data")
    assert "7 orders on the days" in data["message"]
    assert "a revenue of 14.00" in data["message"]
    assert backend.count("POST") == 0
    assert list(tmp_path.iterdir()) == []


def test_as_text_every_check_is_a_line(settings: dict[str, str], tmp_path: Path) -> None:
    ended = run(["doctor"], settings, tmp_path)

    assert (ended.status, ended.err) == (0, "")
    assert ended.out.endswith(": a close can run.\n")
    assert "ok    role.rights           The role doctors_reader has no right to change" in ended.out


def test_without_any_setting_each_missing_one_is_named(tmp_path: Path) -> None:
    told = doctor({}, tmp_path)

    assert told.status == 1
    for variable in ("DATABASE_URL", "BACKEND_BASE_URL", "X_SERVICE_TOKEN"):
        assert f"{variable}_FILE" in told.remedy("settings")


def test_wrong_settings_are_told_all_at_once_and_the_rest_is_looked_at(look: Look) -> None:
    told = look(AEGIS_TOP_ITEMS="many", AEGIS_RULES="x=y", BACKEND_BASE_URL="http://example.com")

    assert [c["message"].partition(":")[0] for c in told.named("settings")] == [
        "BACKEND_BASE_URL",
        "AEGIS_TOP_ITEMS",
        "AEGIS_RULES",
    ]
    assert "Use https://" in told.remedy("settings")
    assert told.verdict("orders.data") == "ok"
    assert told.verdict("backend.answer") == "warn"


def test_a_secret_in_a_tracked_file_is_found_and_taken_out_again(
    look: Look, settings: dict[str, str], tmp_path: Path
) -> None:
    files = {"deploy.sh": f"X={TOKEN}", ".env": f"DATABASE_URL={settings['DATABASE_URL']}\n"}
    repository(tmp_path, files)

    told = look()

    assert [check["verdict"] for check in told.named("secrets.tracked")] == ["fail"] * 3
    commands = re.findall(r"git rm --cached -- ':/[^']+'", told.remedy("secrets.tracked"))
    (tmp_path / "below").mkdir()
    for command in sorted(set(commands)):
        git(tmp_path / "below", *command.replace("'", "").split()[1:])
    assert look().amiss() == []


def test_an_empty_database_names_both_tables_and_the_way_to_views(
    look: Look, database: Database
) -> None:
    database.server.create_database(f"{database.name}_empty")
    try:
        told = look(DATABASE_URL=Database(database.server, f"{database.name}_empty").dsn())
    finally:
        database.server.drop_database(f"{database.name}_empty")

    assert told.verdict("orders.tables") == "fail"
    assert len(told.named("orders.tables")) == 2
    assert "Set AEGIS_ORDERS_TABLE to the right one" in told.remedy("orders.tables")
    assert "aegis-batch doctor --suggest-view" in told.remedy("orders.tables")


def test_a_wrong_password_leads_to_the_password(look: Look, shop: Database) -> None:
    told = look(DATABASE_URL=shop.dsn(READER, "wrong"))

    assert told.verdict("database.connection") == "fail"
    assert "Set the right user and password in DATABASE_URL" in told.remedy("database.connection")
    assert told.verdict("backend.answer") == "ok"


def test_a_server_that_is_away_leads_to_host_and_port(look: Look) -> None:
    told = look(DATABASE_URL="postgresql://u@127.0.0.1:1/shop", AEGIS_DB_CONNECT_SECONDS="0.2")

    assert "host, port and sslmode in DATABASE_URL" in told.remedy("database.connection")


def test_a_missing_column_leads_to_those_that_fit(look: Look, shop: Database) -> None:
    apply(
        shop,
        [
            "ALTER TABLE orders RENAME total TO grand_total;",
            "ALTER TABLE order_items RENAME unit_price TO price;",
        ],
    )

    told = look()

    assert [check["message"] for check in told.named("orders.tables")] == [
        "orders.total (AEGIS_ORDERS_TOTAL) is no column there.",
        "order_items.unit_price (AEGIS_ITEMS_UNIT_PRICE) is no column there.",
    ]
    total, price = told.remedy("orders.tables").splitlines()
    assert "Set AEGIS_ORDERS_TOTAL to the right one (grand_total, " in total
    assert "Set AEGIS_ITEMS_UNIT_PRICE to the right one (price, " in price
    mended = look(AEGIS_ORDERS_TOTAL="grand_total", AEGIS_ITEMS_UNIT_PRICE="price")
    assert mended.amiss() == []


def test_a_missing_table_leads_to_one_of_a_like_name(look: Look, shop: Database) -> None:
    apply(
        shop,
        [
            "CREATE SCHEMA sales;",
            "ALTER TABLE order_items SET SCHEMA sales;",
            "ALTER TABLE sales.order_items RENAME TO order_lines;",
        ],
    )

    remedy = look().remedy("orders.tables")

    assert "Set AEGIS_ITEMS_TABLE to the right one (sales.order_lines, " in remedy
    apply(shop, look(AEGIS_ITEMS_TABLE="sales.order_lines").sql("orders.tables"))
    assert look(AEGIS_ITEMS_TABLE="sales.order_lines").amiss() == []


def test_a_column_of_the_wrong_type_leads_to_a_view(look: Look, shop: Database) -> None:
    apply(shop, ["ALTER TABLE orders ALTER total TYPE text;"])

    assert "Make a view that casts what doesn't fit" in look().remedy("orders.tables")


@pytest.mark.parametrize("way", ["tables", "schema", "search path"])
def test_tables_that_may_not_be_read_lead_to_the_grant(
    look: Look, shop: Database, way: str
) -> None:
    names: dict[str, str] = {}
    if way == "tables":
        apply(shop, [f"REVOKE ALL ON orders, order_items FROM {READER};"])
    elif way == "search path":
        apply(shop, ["REVOKE USAGE ON SCHEMA public FROM PUBLIC;"])
    else:
        apply(
            shop,
            [
                "CREATE SCHEMA sales;",
                "ALTER TABLE orders SET SCHEMA sales;",
                "ALTER TABLE order_items SET SCHEMA sales;",
            ],
        )
        names = {"AEGIS_ORDERS_TABLE": "sales.orders", "AEGIS_ITEMS_TABLE": "sales.order_items"}

    told = look(**names)

    assert told.amiss() == ["orders.tables"]
    apply(shop, told.sql("orders.tables"))
    assert look(**names).amiss() == []


def test_a_table_of_reports_leads_to_itself_and_to_the_grant(look: Look, shop: Database) -> None:
    table = {"AEGIS_REPORT_STATUS": "table"}
    missing = look(**table)
    assert missing.amiss() == ["reports.table"]
    assert "Create it, or set AEGIS_REPORT_STATUS" in missing.remedy("reports.table")
    apply(
        shop,
        [
            "CREATE TABLE daily_reports (report_date date);",
            "INSERT INTO daily_reports SELECT CURRENT_DATE - g FROM generate_series(0, 2) g;",
            f"GRANT DELETE ON daily_reports TO {READER};",
        ],
    )

    closed = look(**table)

    assert closed.amiss() == ["role.rights", "reports.table"]
    apply(shop, [*closed.sql("reports.table"), *closed.sql("role.rights")])
    mended = look(**table)
    assert mended.amiss() == []
    assert "it has one of" in mended.named("reports.table")[0]["message"]


def test_an_ambiguous_timestamp_leads_to_the_kind(look: Look, shop: Database) -> None:
    apply(shop, ["ALTER TABLE orders ALTER created_at TYPE timestamp;"])

    told = look()

    assert told.verdict("orders.placed_at") == "fail"
    assert "Set AEGIS_ORDERS_PLACED_AT_KIND=wall or AEGIS_ORDERS_PLACED_AT_KIND=utc" in (
        told.remedy("orders.placed_at")
    )
    assert look(AEGIS_ORDERS_PLACED_AT_KIND="utc").amiss() == []


def test_a_timestamp_that_can_only_be_utc_is_told_to_be(look: Look, shop: Database) -> None:
    to_utc = "TYPE timestamp USING created_at AT TIME ZONE 'UTC'"
    apply(shop, [f"ALTER TABLE orders ALTER created_at {to_utc};"])

    remedy = look(AEGIS_TIMEZONE="America/Sao_Paulo").remedy("orders.placed_at")

    assert remedy.endswith("so it is AEGIS_ORDERS_PLACED_AT_KIND=utc.")


@pytest.mark.parametrize(
    ("zone", "wrong", "right"),
    [("America/Sao_Paulo", "wall", "utc"), ("Asia/Tokyo", "utc", "wall")],
)
def test_a_kind_that_an_order_contradicts_leads_to_the_kind_that_fits(
    look: Look, shop: Database, zone: str, wrong: str, right: str
) -> None:
    stamped = "UTC" if right == "utc" else zone
    to_local = f"TYPE timestamp USING created_at AT TIME ZONE '{stamped}'"
    apply(
        shop,
        [
            f"ALTER TABLE orders ALTER created_at {to_local};",
            "INSERT INTO orders VALUES (91, now() + interval '20 days', 2), (92, 'infinity', 2);",
        ],
    )

    told = look(AEGIS_TIMEZONE=zone, AEGIS_ORDERS_PLACED_AT_KIND=wrong)

    assert told.amiss() == ["orders.placed_at"]
    assert told.status == 1
    remedy = told.remedy("orders.placed_at")
    assert f"Set AEGIS_ORDERS_PLACED_AT_KIND={right}" in remedy
    assert look(AEGIS_TIMEZONE=zone, AEGIS_ORDERS_PLACED_AT_KIND=right).amiss() == []
    ambiguous = look(AEGIS_TIMEZONE=zone).remedy("orders.placed_at")
    assert ambiguous.endswith(f"so it is AEGIS_ORDERS_PLACED_AT_KIND={right}.")


def test_stamps_that_no_calendar_holds_prove_nothing(look: Look, shop: Database) -> None:
    apply(
        shop,
        [
            "ALTER TABLE orders ALTER created_at TYPE timestamp;",
            "INSERT INTO orders VALUES (91, 'infinity', 2), (92, '20000-01-01', 2);",
            "DELETE FROM order_items WHERE order_id = 0;",
            "DELETE FROM orders WHERE id = 0;",
        ],
    )

    told = look(AEGIS_TIMEZONE="America/Sao_Paulo")

    assert told.amiss() == ["orders.placed_at"]
    assert told.remedy("orders.placed_at").endswith("utc for UTC.")


def test_a_kind_that_the_type_contradicts_leads_to_the_kind_that_fits(look: Look) -> None:
    told = look(AEGIS_ORDERS_PLACED_AT_KIND="wall")

    assert "Set AEGIS_ORDERS_PLACED_AT_KIND=instant" in told.remedy("orders.placed_at")


def test_dates_that_cannot_tell_the_days_lead_to_the_days_start(look: Look, shop: Database) -> None:
    apply(shop, ["ALTER TABLE orders ALTER created_at TYPE date;"])

    told = look(AEGIS_DAY_START="05:00")

    assert told.amiss() == ["orders.placed_at"]
    assert "Set AEGIS_DAY_START=00:00" in told.remedy("orders.placed_at")


def test_a_locked_table_leads_to_the_lock(look: Look, shop: Database) -> None:
    with shop.connect() as migration, migration.transaction():
        migration.execute("LOCK TABLE orders")
        told = look(AEGIS_DB_CONNECT_SECONDS="1")

    assert told.amiss() == ["orders.window_index"]
    assert "pg_locks" in told.remedy("orders.window_index")


def _grow(shop: Database) -> None:
    """Make tables that are large, of pages that are mostly empty."""
    many = "FROM generate_series(1000, 30000) g;"
    apply(
        shop,
        [
            "ALTER TABLE orders SET (fillfactor = 10);",
            "ALTER TABLE order_items SET (fillfactor = 10);",
            f"INSERT INTO orders SELECT g, now() - interval '19 days', 2 {many}",
            f"INSERT INTO order_items SELECT g, 'Soup', 1, 2 {many}",
        ],
    )


@pytest.mark.parametrize(
    ("index", "name"),
    [
        ("orders_created_at_idx", "orders.window_index"),
        ("order_items_order_id_idx", "orders.items_index"),
    ],
)
def test_a_large_table_without_an_index_leads_to_the_index(
    look: Look, shop: Database, index: str, name: str
) -> None:
    _grow(shop)
    apply(shop, [f"DROP INDEX {index};"])

    told = look()

    assert told.amiss() == [name]
    assert told.status == 0
    apply(shop, told.sql(name))
    assert look().amiss() == []


def _only_index(shop: Database, *indexes: str) -> None:
    """Put indexes in the place of the one on the orders' time."""
    apply(shop, ["DROP INDEX IF EXISTS orders_created_at_idx;"])
    apply(shop, [f"CREATE INDEX {index};" for index in indexes])


def test_an_index_that_has_the_column_counts_only_where_it_leads_to_it(
    look: Look, shop: Database
) -> None:
    apply(shop, ["ALTER TABLE orders ADD customer_id int, ADD status text DEFAULT 'paid';"])
    _grow(shop)
    view = "SELECT id, created_at, total FROM orders WHERE status = 'paid'"
    apply(shop, [f"CREATE VIEW paid AS {view};", f"GRANT SELECT ON paid TO {READER};"])

    _only_index(shop, "a ON orders (customer_id, created_at)", "b ON orders (id, created_at)")
    told = look()
    assert told.amiss() == ["orders.window_index"]
    assert told.sql("orders.window_index") == [
        "CREATE INDEX CONCURRENTLY ON public.orders (created_at);"
    ]

    apply(shop, ["DROP INDEX a;", "DROP INDEX b;"])
    _only_index(shop, "c ON orders (status, created_at)")
    assert look(AEGIS_ORDERS_TABLE="paid").amiss() == []
    assert look().amiss() == ["orders.window_index"]

    apply(shop, ["DROP INDEX c;"])
    _only_index(shop, "d ON orders USING brin (total, created_at)")
    assert look().amiss() == []


@pytest.mark.parametrize("sql_type", ["text", "varchar(9)", "integer", "uuid"])
def test_where_orders_name_tenants_an_index_may_lead_from_them_to_the_time(
    look: Look, shop: Database, sql_type: str
) -> None:
    apply(
        shop,
        [
            f'ALTER TABLE orders ADD "The shop" {sql_type};',
            'CREATE VIEW v AS SELECT *, "The shop" AS tenant FROM orders;',
            f"GRANT SELECT ON v TO {READER};",
        ],
    )
    _grow(shop)
    named = {"AEGIS_ORDERS_TABLE": "v", **_tenants_in("tenant")}
    assert "orders.window_index" not in look(**named).amiss()

    _only_index(shop, 'a ON orders ("The shop")', 'b ON orders (total, "The shop", created_at)')
    # From here on the planner knows that nobody has such an order: any index will do for it.
    apply(shop, ["ANALYZE orders;"])
    told = look(**named)
    assert told.sql("orders.window_index") == [
        'CREATE INDEX CONCURRENTLY ON public.orders ("The shop", created_at);'
    ]
    apply(shop, told.sql("orders.window_index"))
    assert "orders.window_index" not in look(**named).amiss()


def test_an_index_from_tenants_alone_does_not_serve_who_reads_all_orders(
    look: Look, shop: Database
) -> None:
    apply(shop, ["ALTER TABLE orders ADD tenant text, ADD kind name;"])
    _grow(shop)
    _only_index(shop, "a ON orders (tenant, created_at)", "b ON orders (kind, created_at)")
    by_time = ["CREATE INDEX CONCURRENTLY ON public.orders (created_at);"]

    assert look().sql("orders.window_index") == by_time
    # What is compared as text is looked up by no index.
    assert look(**_tenants_in("kind")).sql("orders.window_index") == by_time
    assert "orders.window_index" not in look(**_tenants_in("tenant")).amiss()


def test_a_partition_without_an_index_leads_to_one_on_the_whole_table(
    look: Look, shop: Database
) -> None:
    parted = "id bigint, created_at timestamptz, total numeric"
    apply(
        shop,
        [
            f"CREATE TABLE parted ({parted}) PARTITION BY RANGE (created_at);",
            "CREATE TABLE past PARTITION OF parted FOR VALUES FROM (MINVALUE) TO ('2099-01-01');",
            "INSERT INTO parted SELECT g, now(), 2 FROM generate_series(1000, 250000) g;",
            "INSERT INTO parted SELECT id, created_at, total FROM orders;",
            f"GRANT SELECT ON parted TO {READER};",
        ],
    )

    told = look(AEGIS_ORDERS_TABLE="parted")

    assert "orders.window_index" in told.amiss()
    assert told.sql("orders.window_index") == ["CREATE INDEX ON public.parted (created_at);"]
    apply(shop, told.sql("orders.window_index"))
    assert "orders.window_index" not in look(AEGIS_ORDERS_TABLE="parted").amiss()


def test_a_time_that_a_view_computes_leads_to_the_column_as_it_is(
    look: Look, shop: Database
) -> None:
    utc = "created_at AT TIME ZONE 'UTC'"
    _grow(shop)
    apply(
        shop,
        [
            f"ALTER TABLE orders ALTER created_at TYPE timestamp USING {utc};",
            f"CREATE VIEW v AS SELECT id, {utc} AS created_at, total FROM orders;",
            f"GRANT SELECT ON v TO {READER};",
        ],
    )

    told = look(AEGIS_ORDERS_TABLE="v")

    assert told.amiss() == ["orders.window_index"]
    assert "hand the column on as the table has it" in told.remedy("orders.window_index")
    apply(shop, ["CREATE INDEX ON orders ((created_at AT TIME ZONE 'UTC'));"])
    assert look(AEGIS_ORDERS_TABLE="v").amiss() == []


def test_a_small_table_without_an_index_is_fine(look: Look, shop: Database) -> None:
    apply(shop, ["DROP INDEX orders_created_at_idx;", "DROP INDEX order_items_order_id_idx;"])

    told = look()

    assert told.amiss() == []
    assert "fine while it is small" in told.named("orders.window_index")[0]["message"]


def test_an_index_counts_that_a_small_table_is_read_without(look: Look, shop: Database) -> None:
    apply(shop, ["ANALYZE orders;", "ANALYZE order_items;"])

    told = look()

    for name in ("orders.window_index", "orders.items_index"):
        assert told.named(name)[0]["message"].startswith("By an index")


def test_an_index_behind_a_view_serves_and_a_missing_one_is_named_by_its_table(
    look: Look, shop: Database
) -> None:
    _grow(shop)
    apply(
        shop,
        [
            "CREATE VIEW v AS SELECT id, created_at AS at, total FROM orders WHERE total > 0;",
            f"GRANT SELECT ON v TO {READER};",
        ],
    )
    names = {"AEGIS_ORDERS_TABLE": "v", "AEGIS_ORDERS_PLACED_AT": "at"}
    assert look(**names).amiss() == []
    apply(shop, ["DROP INDEX orders_created_at_idx;"])

    told = look(**names)

    assert told.sql("orders.window_index") == [
        "CREATE INDEX CONCURRENTLY ON public.orders (created_at);"
    ]
    apply(shop, told.sql("orders.window_index"))
    assert look(**names).amiss() == []


def test_tables_behind_views_may_be_in_a_schema_that_is_closed(look: Look, shop: Database) -> None:
    apply(
        shop,
        [
            "DROP INDEX orders_created_at_idx;",
            "CREATE SCHEMA closed;",
            "CREATE SCHEMA aegis;",
            "ALTER TABLE orders SET SCHEMA closed;",
            "ALTER TABLE order_items SET SCHEMA closed;",
            f"REVOKE ALL ON closed.orders, closed.order_items FROM {READER};",
            "CREATE VIEW aegis.orders AS SELECT * FROM closed.orders;",
            "CREATE VIEW aegis.order_items AS SELECT * FROM closed.order_items;",
            f"GRANT USAGE ON SCHEMA aegis TO {READER};",
            f"GRANT SELECT ON aegis.orders, aegis.order_items TO {READER};",
        ],
    )

    told = look(AEGIS_ORDERS_TABLE="aegis.orders", AEGIS_ITEMS_TABLE="aegis.order_items")

    assert told.amiss() == []
    assert "closed.orders is read from end" in told.named("orders.window_index")[0]["message"]


@pytest.mark.parametrize(
    "grants",
    [
        [f"GRANT INSERT, UPDATE, DELETE ON orders TO {READER};"],
        [f"GRANT UPDATE (total) ON orders TO {READER};"],
        [f"GRANT TRUNCATE ON order_items TO {READER};"],
        ["GRANT INSERT ON orders TO PUBLIC;"],
        ["GRANT CREATE ON SCHEMA public TO PUBLIC;"],
        [f"GRANT CREATE ON SCHEMA public TO {READER};"],
        ["GRANT CREATE ON DATABASE {database} TO " + READER + ";"],
        ["GRANT TEMPORARY ON DATABASE {database} TO PUBLIC;"],
        ["CREATE SCHEMA other;", "GRANT CREATE ON SCHEMA other TO PUBLIC;"],
        ["CREATE TABLE bills (id bigserial);", f"GRANT ALL ON bills TO {READER};"],
        ["CREATE TABLE bills (id bigserial);", "GRANT UPDATE (id) ON bills TO PUBLIC;"],
        ["CREATE SEQUENCE numbers;", f"GRANT USAGE ON SEQUENCE numbers TO {READER};"],
        [f"GRANT pg_write_all_data TO {READER};"],
    ],
)
def test_a_role_that_may_do_more_than_read_leads_to_what_takes_it_away(
    look: Look, shop: Database, grants: list[str]
) -> None:
    apply(shop, [grant.format(database=shop.name) for grant in grants])

    told = look()

    assert told.amiss() == ["role.rights"]
    assert told.status == 0
    apply(shop, told.sql("role.rights"))
    assert look().amiss() == []


def test_what_a_view_reads_counts_and_what_a_closed_schema_holds_does_not(
    look: Look, shop: Database
) -> None:
    apply(
        shop,
        [
            "CREATE VIEW inner_view AS SELECT * FROM orders;",
            "CREATE VIEW v AS SELECT * FROM inner_view;",
            f"GRANT SELECT ON v TO {READER};",
            f"GRANT INSERT ON orders TO {READER};",
            "CREATE SCHEMA closed;",
            "CREATE TABLE closed.bills (id int);",
            "GRANT ALL ON closed.bills TO PUBLIC;",
        ],
    )

    told = look(AEGIS_ORDERS_TABLE="v")

    assert told.amiss() == ["role.rights"]
    assert told.sql("role.rights") == [f"REVOKE INSERT ON TABLE public.orders FROM {READER};"]


def test_row_security_leads_to_a_policy_that_hides_nothing(look: Look, shop: Database) -> None:
    apply(shop, ["ALTER TABLE orders ENABLE ROW LEVEL SECURITY;"])

    told = look()

    assert told.amiss()[0] == "role.row_security"
    apply(shop, told.sql("role.row_security"))
    assert look().amiss() == []


def test_a_membership_that_may_write_is_left_and_reading_goes_on(
    look: Look, shop: Database
) -> None:
    inner, outer = "doctors_writers", "doctors_staff"
    apply(
        shop,
        [
            f"CREATE ROLE {inner};",
            f"CREATE ROLE {outer};",
            f"GRANT {inner} TO {outer};",
            f"GRANT {outer} TO {READER};",
            f"GRANT SELECT, INSERT ON orders, order_items TO {inner};",
            f"REVOKE ALL ON orders, order_items FROM {READER};",
        ],
    )
    try:
        told = look()

        assert told.amiss() == ["role.rights"]
        assert f"is a member of {outer}" in told.named("role.rights")[0]["message"]
        apply(shop, told.sql("role.rights"))
        assert look().amiss() == []
    finally:
        apply(shop, [f"DROP OWNED BY {inner};", f"DROP ROLE {inner};", f"DROP ROLE {outer};"])


@pytest.mark.parametrize(
    ("made", "power"),
    [
        ("ALTER ROLE {role} SUPERUSER;", "it is a superuser"),
        ("ALTER TABLE orders OWNER TO {role};", "owns table public.orders"),
        ("ALTER TABLE bills OWNER TO {role};", "owns 1 table that no close reads"),
        ("ALTER ROLE {role} BYPASSRLS CREATEDB;", "has BYPASSRLS, CREATEDB"),
    ],
)
def test_an_owner_or_an_administrator_leads_to_a_role_that_only_reads(
    look: Look, shop: Database, made: str, power: str
) -> None:
    apply(
        shop,
        [
            "CREATE TABLE bills (id int);",
            "ALTER TABLE orders ENABLE ROW LEVEL SECURITY;",
            made.format(role=READER),
        ],
    )

    told = look()

    [check] = told.named("role.rights")
    assert power in check["message"]
    try:
        apply(shop, told.sql("role.rights"))
        apply(shop, ["ALTER ROLE aegis_reader PASSWORD 'secret';"])
        assert look(DATABASE_URL=shop.dsn("aegis_reader", "secret")).amiss() == []
    finally:
        apply(shop, ["DROP OWNED BY aegis_reader;", "DROP ROLE aegis_reader;"])


def test_a_database_that_sleeps_is_known_by_its_host(look: Look, settings: dict[str, str]) -> None:
    parts = urlsplit(settings["DATABASE_URL"])
    query = f"?hostaddr={parts.hostname}&sslmode=prefer"
    if parts.hostname == "localhost":
        query = query.replace("localhost", "127.0.0.1")
    url = parts._replace(
        netloc=parts.netloc.replace(str(parts.hostname), "ep-1.eu-central-1.aws.neon.tech")
    ).geturl()

    told = look(DATABASE_URL=url + query)

    assert told.verdict("database.encryption") == "warn"
    assert "Add sslmode=require" in told.remedy("database.encryption")
    assert "Neon lets the database sleep" in told.named("database.sleep")[0]["message"]
    assert told.remedy("database.sleep") == "Set AEGIS_DB_CONNECT_SECONDS=30."
    mended = look(DATABASE_URL=url + query, AEGIS_DB_CONNECT_SECONDS="30")
    assert mended.verdict("database.sleep") == "ok"


def test_broken_orders_lead_to_the_rule_that_finds_them(look: Look, shop: Database) -> None:
    apply(
        shop,
        [
            "UPDATE orders SET total = 3 WHERE id = 1;",
            "UPDATE orders SET total = -2 WHERE id = 2;",
            "DELETE FROM order_items WHERE order_id = 3;",
            "UPDATE order_items SET name = ' ' WHERE order_id = 4;",
        ],
    )

    told = look()

    assert told.status == 1
    assert told.verdict("orders.data.invalid_name") == "fail"
    assert "(4)" in told.named("orders.data.invalid_name")[0]["message"]
    assert "can't be waived" in told.remedy("orders.data.invalid_name")
    assert "put negative_total=warn into" in told.remedy("orders.data.negative_total")
    assert told.verdict("orders.data.line_total_mismatch") == "warn"
    apply(shop, ["UPDATE order_items SET name = 'Tea' WHERE order_id = 4;"])
    for _ in range(2):
        remedy = told.remedy("orders.data.negative_total")
        told = look(AEGIS_RULES=re.findall("AEGIS_RULES=([a-z_=,]+)", remedy)[-1])
    assert told.amiss() == []


def test_days_without_orders_are_worth_a_warning(look: Look) -> None:
    told = look(AEGIS_ORDERS_STATUS="total", AEGIS_ORDERS_STATUSES="")
    assert told.verdict("orders.tables") == "fail"

    told = look(AEGIS_ORDERS_STATUS="id", AEGIS_ORDERS_STATUSES="no-such-status")
    assert told.amiss() == ["orders.data"]
    assert "AEGIS_ORDERS_STATUSES" in told.remedy("orders.data")


def test_another_token_leads_to_the_token(look: Look) -> None:
    told = look(X_SERVICE_TOKEN="another-token")

    assert told.amiss() == ["backend.answer"]
    assert told.remedy("backend.answer") == "Check X_SERVICE_TOKEN."
    assert "does not accept the token (HTTP 401)" in told.named("backend.answer")[0]["message"]


@pytest.mark.parametrize(("status", "verdict"), [(200, "fail"), (404, "warn")])
def test_a_page_leads_to_the_address(
    look: Look, backend: WireMockServer, status: int, verdict: str
) -> None:
    page = {"status": status, "body": "<html>", "headers": {"Content-Type": "text/html"}}
    backend.stub("GET", "", page, request={"urlPath": None, **_ANY_DAY})

    told = look()

    assert told.amiss() == ["backend.answer"]
    assert told.verdict("backend.answer") == verdict
    assert "BACKEND_BASE_URL" in told.remedy("backend.answer")


def test_a_server_that_knows_nothing_of_tokens_is_not_said_to_take_one(
    look: Look, backend: WireMockServer
) -> None:
    backend.stub("GET", "", {"status": 404}, request={"urlPath": None, **_ANY_DAY})

    told = look(X_SERVICE_TOKEN="another-token")

    assert told.amiss() == ["backend.answer"]
    assert "nothing shows that it takes yours" in told.named("backend.answer")[0]["message"]
    assert "BACKEND_BASE_URL" in told.remedy("backend.answer")


def test_a_backend_that_is_away_leads_to_its_address(look: Look) -> None:
    told = look(BACKEND_BASE_URL="http://127.0.0.1:1")

    assert told.amiss() == ["backend.answer"]
    assert "Check the host and the port in BACKEND_BASE_URL" in told.remedy("backend.answer")


@pytest.mark.parametrize(("minutes", "verdict"), [(2, "warn"), (-60, "fail")])
def test_a_date_that_is_off_leads_to_the_clocks(
    look: Look, backend: WireMockServer, minutes: int, verdict: str
) -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(minutes=minutes), usegmt=True)
    answer = {"status": 404, "headers": {"Date": date}}
    ours = {"X-SERVICE-TOKEN": {"equalTo": TOKEN}}
    backend.stub("GET", "", answer, request={"urlPath": None, **_ANY_DAY, "headers": ours})

    told = look()

    assert told.amiss() == ["backend.clock"]
    assert told.verdict("backend.clock") == verdict
    assert "timedatectl set-ntp true" in told.remedy("backend.clock")


def test_a_collector_that_is_away_is_worth_a_warning(look: Look, backend: WireMockServer) -> None:
    assert look(OTEL_EXPORTER_OTLP_ENDPOINT=backend.url).amiss() == []

    told = look(OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:1")

    assert told.amiss() == ["collector"]
    assert "Start the collector" in told.remedy("collector")


def test_a_database_that_freezes_takes_a_bounded_time(look: Look, shop: Database) -> None:
    shop.server.freeze()
    try:
        told = look(AEGIS_DB_CONNECT_SECONDS="1")
    finally:
        shop.server.thaw()

    assert told.verdict("database.connection") == "fail"
    assert told.verdict("backend.answer") == "ok"


def test_the_checkup_writes_nothing_into_the_database(look: Look, shop: Database) -> None:
    changes = (
        "SELECT sum(n_tup_ins + n_tup_upd + n_tup_del), (SELECT count(*) FROM pg_class),"
        " pg_snapshot_xmax(pg_current_snapshot()) FROM pg_stat_user_tables"
    )
    with shop.connect() as connection:

        def changed_meanwhile() -> bool:
            before = connection.execute(changes).fetchone()
            look()
            return connection.execute(changes).fetchone() != before

        # The server itself writes in between now and then; a checkup that did would each time.
        assert not all(changed_meanwhile() for _ in range(5))
