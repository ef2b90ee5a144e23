"""No error and no log line of a read tells the database's password."""

import traceback
from collections.abc import Callable
from urllib.parse import quote

import pytest

from aegis_batch.adapters.outbound.postgres.orders_schema import OrdersSchema
from aegis_batch.domain.errors import AegisError
from tests.integration.orders_shop import (
    ROLE_PASSWORD,
    refusal,
    run_sql,
)
from tests.servers.postgres import Database


def _wrong_password(shop: Database, role: str) -> AegisError:
    return refusal(shop.dsn(role, ROLE_PASSWORD + "x"))


def _unknown_role(shop: Database, role: str) -> AegisError:
    return refusal(shop.dsn(f"no_{role}", ROLE_PASSWORD))


def _unknown_database(shop: Database, role: str) -> AegisError:
    return refusal(shop.server.dsn("nowhere", role, ROLE_PASSWORD))


def _unknown_host(shop: Database, role: str) -> AegisError:
    dsn = shop.dsn(role, ROLE_PASSWORD)
    return refusal(f"{dsn.partition('@')[0]}@no-such-host.invalid/x")


def _impossible_host(shop: Database, role: str) -> AegisError:
    dsn = shop.dsn(role, ROLE_PASSWORD)
    return refusal(f"{dsn.partition('@')[0]}@{'x' * 70}.example..com/x")


def _stopped_server(shop: Database, role: str) -> AegisError:
    shop.server.stop()
    return refusal(shop.dsn(role, ROLE_PASSWORD))


def _no_rights(shop: Database, role: str) -> AegisError:
    return refusal(shop.dsn(role, ROLE_PASSWORD))


def _password_in_the_query(shop: Database, role: str) -> AegisError:
    address = shop.dsn().partition("@")[2]
    return refusal(f"postgresql://{address}?user={role}&password={quote(ROLE_PASSWORD)}x")


def _broken_view(shop: Database, role: str) -> AegisError:
    run_sql(
        shop,
        "CREATE VIEW failing AS SELECT id, created_at, total / (id - id) AS total FROM orders",
        f"GRANT SELECT ON failing, order_items TO {role}",
    )
    return refusal(shop.dsn(role, ROLE_PASSWORD), OrdersSchema(orders_table="failing"))


@pytest.mark.parametrize(
    ("fail", "code"),
    [
        (_wrong_password, "login_refused"),
        (_unknown_role, "login_refused"),
        (_password_in_the_query, "login_refused"),
        (_unknown_database, "unknown_database"),
        (_unknown_host, "database_unreachable"),
        (_impossible_host, "database_unreachable"),
        (_stopped_server, "database_unreachable"),
        (_no_rights, "permission_denied"),
        (_broken_view, "unreadable_value"),
    ],
)
def test_no_error_tells_the_password(
    shop: Database,
    role: str,
    fail: Callable[[Database, str], AegisError],
    code: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("DEBUG")

    error = fail(shop, role)

    assert error.code == code
    told = "".join(traceback.format_exception(error)) + f"{error} {error!r} {error.args}"
    for text in (told, caplog.text):
        assert "cana" not in text
        assert "quote%" not in text
        assert ROLE_PASSWORD not in text
        assert quote(ROLE_PASSWORD) not in text
    # What came before is not shown with it.
    assert error.__cause__ is None
    assert error.__suppress_context__ or error.__context__ is None
