"""A shop, and roles of it that are gone after the test."""

from collections.abc import Iterator
from itertools import count

import pytest

from tests.integration.deploy.role import SHOP, drop_role, execute
from tests.servers.postgres import Database

_numbers = count(1)


@pytest.fixture
def shop(database: Database) -> Database:
    """A database with two schemas of tables."""
    with database.connect() as connection:
        connection.execute(SHOP)
    return database


@pytest.fixture
def reader(database: Database) -> Iterator[str]:
    """The name of a role that isn't there yet, and is gone afterwards: roles span databases."""
    name = f'Reader "{next(_numbers)}"'
    yield name
    drop_role(database, name)


@pytest.fixture
def owner(shop: Database) -> Iterator[str]:
    """A role as a provider gives it: it owns the database and makes roles, and is no superuser."""
    name = f"owner_{next(_numbers)}"
    with shop.connect() as connection:
        for statement in (
            "CREATE ROLE {0} LOGIN CREATEROLE PASSWORD 'owner'",
            "ALTER DATABASE {1} OWNER TO {0}",
            "ALTER TABLE public.orders OWNER TO {0}",
            "ALTER TABLE public.order_items OWNER TO {0}",
        ):
            execute(connection, statement, name, shop.name)
    yield name
    with shop.connect() as connection:
        execute(connection, "REASSIGN OWNED BY {0} TO postgres", name)
    drop_role(shop, name)
