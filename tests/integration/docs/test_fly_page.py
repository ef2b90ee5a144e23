"""docs/fly-and-neon.md shows what the program really prints, for the orders of reports.md."""

import json
import re
from pathlib import Path

import pytest
from psycopg import sql

from tests.integration.closing import DAY, TOKEN
from tests.integration.deploy.psql import run_script
from tests.integration.program import Ended, run
from tests.servers.postgres import Database
from tests.servers.wiremock import WireMockServer
from tests.unit.docs.pages import PROJECT, blocks, read_page

PAGE = read_page("docs/fly-and-neon.md")
SHOWN = blocks(PAGE, "text")
BODY, ORDERS = blocks(read_page("docs/reports.md"), "json")
CLOSE = ["close", "--date", DAY.isoformat()]
# As wide as where nobody has a terminal.
QUIET = {"AEGIS_LOG_LEVEL": "ERROR", "COLUMNS": "100"}
# What no two runs have in common.
_CHANCE = (
    (re.compile(r"snapshot \S+ at .* UTC"), "snapshot"),
    (re.compile(r'"(time|runId|traceId|correlationId)":"[^"]*"'), r'"\1":"..."'),
    (re.compile(r'"durationMs":[0-9.]+'), '"durationMs":0'),
)


@pytest.fixture
def role(database: Database) -> str:
    """A shop with the example's orders; the name of a role that reads them."""
    with database.connect() as connection:
        connection.execute(
            "CREATE TABLE orders (id bigint PRIMARY KEY, created_at timestamptz, total numeric)"
        )
        connection.execute(
            "CREATE TABLE order_items"
            " (order_id bigint, name text, quantity integer, unit_price numeric)"
        )
        for order in json.loads(ORDERS):
            connection.execute(
                "INSERT INTO orders VALUES (%s, %s, %s)",
                (order["id"], order["placedAt"], order["total"]),
            )
            for line in order["items"]:
                connection.execute(
                    "INSERT INTO order_items VALUES (%s, %s, %s, %s)",
                    (order["id"], line["name"], line["quantity"], line["unitPrice"]),
                )
    return "aegis_reader"


def steady(text: str) -> str:
    """Return a text without what no two runs have in common."""
    for pattern, replacement in _CHANCE:
        text = pattern.sub(replacement, text)
    return text


def is_shown(ended: Ended) -> bool:
    """Say whether the page has the whole output of a command."""
    return steady(ended.out) in [steady(block) for block in SHOWN]


def test_the_page_shows_what_the_commands_print(
    database: Database, role: str, wiremock: WireMockServer, tmp_path: Path
) -> None:
    made = run_script(
        database.dsn(), {"password": "environment"}, {"AEGIS_READER_PASSWORD": "made-up"}
    )
    try:
        assert made.stdout in SHOWN
        shop = {"DATABASE_URL": database.dsn(role, "made-up")}
        assert is_shown(run([*CLOSE, "--dry-run"], shop | QUIET, tmp_path))

        checkup = run(["doctor", "--output", "json"], shop | QUIET, tmp_path).told
        failing = [check for check in checkup["checks"] if check["verdict"] == "fail"]
        assert [check["message"].partition(":")[0] for check in failing] == [
            "BACKEND_BASE_URL",
            "X_SERVICE_TOKEN",
        ]

        backend = {"BACKEND_BASE_URL": wiremock.url, "X_SERVICE_TOKEN": TOKEN}
        wiremock.stub("GET", f"/reports/{DAY}", {"status": 404})
        wiremock.stub("POST", "/internal/reports/daily", {"status": 201})
        rehearsed = run([*CLOSE, "--dry-run"], shop | backend | QUIET, tmp_path)
        assert "Backend  has no report for this day yet\n" in rehearsed.out
        assert "Backend  has no report for this day yet\n" in SHOWN

        closed = run(CLOSE, shop | backend, tmp_path)
        assert closed.out.partition("\n")[0] + "\n" in SHOWN
        (log,) = blocks(PAGE, "json")
        assert steady(closed.err) == steady(log)

        wiremock.stub("GET", f"/reports/{DAY}", {"status": 200, "body": BODY}, priority=1)
        again = run(CLOSE, shop | backend | QUIET, tmp_path)
        assert again.out.partition("\n")[0] + "\n" in SHOWN
    finally:
        with database.connect() as connection:
            for statement in ("DROP OWNED BY {}", "DROP ROLE {}"):
                connection.execute(sql.SQL(statement).format(sql.Identifier(role)))


def test_every_line_that_the_page_promises_is_in_the_program() -> None:
    source = "".join(
        path.read_text(encoding="utf-8") for path in (PROJECT / "src").rglob("close_text.py")
    )
    for words in ("has the same report already", "has a different report already"):
        assert words in source
        assert words in PAGE
    assert "could not be asked" in source


def test_no_secret_is_put_on_a_command_line() -> None:
    commands = "".join(blocks(PAGE, ""))
    assert "secrets set" not in commands
    for line in commands.splitlines():
        if line.startswith(("fly ", "psql ", "aegis-batch ")):
            assert not re.search(r"\$\{?(DATABASE_URL|X_SERVICE_TOKEN|AEGIS_READER_PASSWORD)", line)
            assert not re.search(r"://[^/@\s]+:[^/@\s]+@", line)


def test_the_files_and_settings_of_the_app_are_those_that_the_page_uses() -> None:
    fly = (PROJECT / "fly.toml").read_text(encoding="utf-8")
    for setting in re.findall(r"--env (\S+)=(\S+)", PAGE):
        name, value = setting
        assert f'{name} = "{value}"' in fly
    assert set(re.findall(r"--region (\S+)", PAGE)) == {"fra"}
    for path in re.findall(r"-f (\S+\.sql)", PAGE):
        assert (PROJECT / path).is_file()
