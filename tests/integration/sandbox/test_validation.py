"""Which bodies are reports."""

import json

import httpx
import pytest

from tests.integration.closing import BODY
from tests.integration.sandbox.requests import (
    FIND,
    REPORT,
    SUBMIT,
    submit,
)


@pytest.mark.parametrize(
    "number", ["24560.50", "0.00", "7", "-1.10", "0.1", "123456789012345678901234567890.99"]
)
def test_the_revenue_keeps_its_digits(client: httpx.Client, number: str) -> None:
    client.post(SUBMIT, content=BODY.replace("50.50", number))

    assert f'"totalRevenue":{number},' in client.get(FIND).text


def test_a_whole_number_may_be_written_with_a_point(client: httpx.Client) -> None:
    assert client.post(SUBMIT, content=BODY.replace(":2,", ":2.0,")).status_code == 201
    assert client.get(FIND).json() == REPORT


@pytest.mark.parametrize(
    "media_type", ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", ""]
)
def test_a_report_is_sent_as_json(client: httpx.Client, media_type: str) -> None:
    headers = {"Content-Type": media_type}
    assert client.post(SUBMIT, content=BODY, headers=headers).status_code == 415


def test_json_may_name_its_encoding(client: httpx.Client) -> None:
    headers = {"Content-Type": "Application/JSON; charset=utf-8"}
    assert client.post(SUBMIT, content=BODY, headers=headers).status_code == 201


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        BODY.encode()[:-1],
        BODY.encode("utf-16"),
        b"\xff",
        BODY.replace("50.50", "NaN").encode(),
        BODY.replace("50.50", "1e999999999999999999999").encode(),
        b"[" * 100_000,
    ],
)
def test_a_body_that_is_no_json_is_a_bad_request(client: httpx.Client, body: bytes) -> None:
    assert client.post(SUBMIT, content=body).status_code == 400
    assert client.get(FIND).status_code == 404


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"reportDate": "2026-02-30"}, "reportDate"),
        ({"reportDate": "20261121"}, "reportDate"),
        ({"reportDate": 20261121}, "reportDate"),
        ({"reportDate": None}, "reportDate"),
        ({"totalOrders": -1}, "totalOrders"),
        ({"totalOrders": 1.5}, "totalOrders"),
        ({"totalOrders": "1"}, "totalOrders"),
        ({"totalOrders": True}, "totalOrders"),
        ({"totalOrders": None}, "totalOrders"),
        ({"totalRevenue": "24560.50"}, "totalRevenue"),
        ({"totalRevenue": False}, "totalRevenue"),
        ({"totalRevenue": None}, "totalRevenue"),
        ({"topItems": None}, "topItems"),
        ({"topItems": {}}, "topItems"),
        ({"topItems": [{"name": "x", "qty": 1}] * 101}, "topItems"),
        ({"topItems": [3]}, "topItems[0]"),
        ({"topItems": [{"name": "x"}]}, "topItems[0].qty"),
        ({"topItems": [{"qty": 1}]}, "topItems[0].name"),
        ({"topItems": [{"name": "", "qty": 1}]}, "topItems[0].name"),
        ({"topItems": [{"name": 7, "qty": 1}]}, "topItems[0].name"),
        ({"topItems": [{"name": "\ud800", "qty": 1}]}, "topItems[0].name"),
        (
            {"topItems": [{"name": "x", "qty": 1}, {"name": "y", "qty": 0}]},
            "topItems[1].qty",
        ),
        ({"topItems": [{"name": "x", "qty": 1.5}]}, "topItems[0].qty"),
        ({"topItems": [{"name": "x", "qty": "1"}]}, "topItems[0].qty"),
        ({"topItems": [{"name": "x", "qty": 1, "price": 2}]}, "topItems[0].price"),
        ({"currency": "BRL"}, "currency"),
        ({"total_orders": 1}, "total_orders"),
    ],
)
def test_a_report_that_breaks_the_schema_is_told_which_field(
    client: httpx.Client, changes: dict[str, object], field: str
) -> None:
    answer = submit(client, **changes)

    assert answer.status_code == 422
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["status"] == 422
    assert answer.json()["field"] == field
    assert answer.json()["detail"].startswith(f"{field}: ")
    assert client.get(FIND).status_code == 404


@pytest.mark.parametrize("field", sorted(REPORT))
def test_a_report_without_one_of_its_fields_is_told_which(client: httpx.Client, field: str) -> None:
    body = {name: value for name, value in REPORT.items() if name != field}

    answer = client.post(SUBMIT, content=json.dumps(body))

    assert (answer.status_code, answer.json()["field"]) == (422, field)


@pytest.mark.parametrize("body", ["[]", "7", "null", '"text"'])
def test_json_that_is_no_object_is_no_report(client: httpx.Client, body: str) -> None:
    assert client.post(SUBMIT, content=body).status_code == 422


@pytest.mark.parametrize("number", ["1e999999999", "1e-999999999", "9" * 5_000])
def test_a_number_that_nobody_could_store_is_refused(client: httpx.Client, number: str) -> None:
    for was in ("50.50", "2", "1"):
        for before, after in (('"totalRevenue":', ","), ('"totalOrders":', ","), ('"qty":', "}")):
            body = BODY.replace(f"{before}{was}{after}", f"{before}{number}{after}")
            if body != BODY:
                assert client.post(SUBMIT, content=body).status_code == 422


def test_a_hundred_items_and_every_limit_are_allowed(client: httpx.Client) -> None:
    answer = submit(
        client, totalOrders=0, totalRevenue=-5, topItems=[{"name": " ", "qty": 1}] * 100
    )
    assert answer.status_code == 201


def test_a_body_over_1_mib_is_too_large(client: httpx.Client) -> None:
    padding = " " * (1024 * 1024 - len(BODY.encode()))

    assert client.post(SUBMIT, content=padding + " " + BODY).status_code == 413
    assert client.get(FIND).status_code == 404
    assert client.post(SUBMIT, content=padding + BODY).status_code == 201


def test_a_body_without_a_length_is_refused(client: httpx.Client) -> None:
    assert client.post(SUBMIT, content=iter([BODY.encode()])).status_code == 411
