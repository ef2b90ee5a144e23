"""Who is answered what, as the contract has it."""

import httpx
import pytest

from aegis_batch.adapters.inbound.sandbox.server import SandboxServer
from tests.integration.closing import BODY, TOKEN
from tests.integration.sandbox.requests import FIND, SUBMIT, submit


def test_a_report_is_created_and_then_given_back(client: httpx.Client) -> None:
    assert client.get(FIND).status_code == 404

    created = client.post(SUBMIT, content=BODY)
    found = client.get(FIND)
    again = client.post(SUBMIT, content=BODY)

    assert (created.status_code, created.content) == (201, b"")
    assert (found.status_code, again.status_code) == (200, 200)
    assert found.text == again.text == BODY
    assert found.headers["Content-Type"] == "application/json"


def test_the_first_report_stays(client: httpx.Client) -> None:
    client.post(SUBMIT, content=BODY)

    other = submit(client, totalRevenue=1)

    assert (other.status_code, other.text) == (200, BODY)
    assert client.get(FIND).text == BODY


def test_tenants_and_periods_have_reports_of_their_own(client: httpx.Client) -> None:
    client.post(SUBMIT, content=BODY)

    for tenant in ({}, {"X-TENANT-ID": "other"}):
        for period in ("daily", "weekly", "monthly"):
            is_first = not tenant and period == "daily"
            path = FIND if period == "daily" else f"/reports/{period}/2026-11-21"
            assert client.get(path, headers=tenant).status_code == (200 if is_first else 404)
            answer = client.post(f"/internal/reports/{period}", content=BODY, headers=tenant)
            assert answer.status_code == (200 if is_first else 201)
            assert client.get(path, headers=tenant).text == BODY


@pytest.mark.parametrize("token", [None, "", "wrong", TOKEN + " x", TOKEN[:-1], TOKEN.lower(), "à"])
@pytest.mark.parametrize(
    ("method", "path"), [("GET", FIND), ("POST", SUBMIT), ("GET", "/"), ("PUT", SUBMIT)]
)
def test_without_the_token_nothing_is_told(
    sandbox: SandboxServer, method: str, path: str, token: str | None
) -> None:
    headers = {} if token is None else {b"X-SERVICE-TOKEN": token.encode()}
    answer = httpx.request(
        method, sandbox.url + path, content=BODY, headers=headers, trust_env=False
    )

    assert answer.status_code == 401
    assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/reports",
        "/reports/",
        "/reports/daily/2026-11-21",
        "/reports/yearly/2026-11-21",
        "/reports/weekly/2026-11-21/",
        "/reports/weekly/",
        "/internal/reports",
        "/internal/reports/yearly",
        "/internal/reports/daily/",
        "/internal/reports/daily/2026-11-21",
        "/Reports/2026-11-21",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_other_paths_are_unknown(client: httpx.Client, method: str, path: str) -> None:
    assert client.request(method, path, content=BODY).status_code == 404


@pytest.mark.parametrize(
    ("path", "allowed"),
    [(FIND, "GET"), ("/reports/weekly/2026-11-21", "GET"), (SUBMIT, "POST")],
)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"])
def test_other_methods_are_not_allowed(
    client: httpx.Client, path: str, allowed: str, method: str
) -> None:
    answer = client.request(method, path, content=BODY if method == "POST" else None)

    if method == allowed:
        assert answer.status_code != 405
    else:
        assert (answer.status_code, answer.headers["Allow"]) == (405, allowed)


@pytest.mark.parametrize("day", ["2026-13-01", "2026-02-30", "20261121", "yesterday", "2026-W47-6"])
def test_a_find_names_a_day_of_the_calendar(client: httpx.Client, day: str) -> None:
    assert client.get(f"/reports/{day}").status_code == 400
