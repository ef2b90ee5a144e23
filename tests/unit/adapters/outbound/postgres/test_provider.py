"""What the address of a database tells."""

import pytest

from aegis_batch.adapters.outbound.postgres.database_url import parse_database_url
from aegis_batch.adapters.outbound.postgres.provider import is_exposed, sleeps_at


@pytest.mark.parametrize(
    ("url", "provider"),
    [
        ("postgres://u:p@ep-cool-1.eu-central-1.aws.neon.tech/shop?sslmode=require", "Neon"),
        ("postgres://u:p@ep-cool-1-pooler.eu-central-1.aws.NEON.tech./shop", "Neon"),
        ("postgres://u@/shop?host=ep-cool-1.aws.neon.tech", "Neon"),
        ("postgres://u@a.example,b.neon.tech/shop", "Neon"),
        ("postgres://u:p@x.postgres.vercel-storage.com/shop", "Vercel Postgres (Neon)"),
        ("postgres://u:p@db.example.com/shop", None),
        ("postgres://u:p@neon.tech.example.com/shop", None),
        ("postgres://u@/shop?host=/run/postgresql", None),
        ("postgres://u@/shop", None),
    ],
)
def test_a_provider_whose_databases_sleep_is_known_by_its_hosts(
    url: str, provider: str | None
) -> None:
    assert sleeps_at(parse_database_url(url)) == provider


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgres://u@db.example.com/shop", True),
        ("postgres://u@db.example.com/shop?sslmode=prefer", True),
        ("postgres://u@10.0.0.7/shop", True),
        ("postgres://u@localhost,db.example.com/shop", True),
        ("postgres://u@db.example.com/shop?hostaddr=127.0.0.1", True),
        ("postgres://u@/shop?hostaddr=10.0.0.7", True),
        ("postgres://u@db.example.com/shop?sslmode=require", False),
        ("postgres://u@db.example.com/shop?sslmode=verify-full", False),
        ("postgres://u@localhost/shop", False),
        ("postgres://u@127.0.0.1/shop", False),
        ("postgres://u@[::1]/shop", False),
        ("postgres://u@shop-db.internal/shop", False),
        ("postgres://u@shop-db.flycast:5432/shop", False),
        ("postgres://u@/shop?host=/run/postgresql", False),
        ("postgres://u@/shop", False),
    ],
)
def test_a_connection_over_a_network_demands_encryption(
    url: str,
    expected: bool,  # noqa: FBT001 - a table's row
) -> None:
    assert is_exposed(parse_database_url(url)) is expected
