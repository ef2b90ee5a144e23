"""What an answer's header and body say."""

from datetime import UTC, date, datetime
from decimal import Decimal

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aegis_batch.adapters.outbound.http.answers import (
    parse_report,
    read_body,
    retry_after_seconds,
    unwelcome,
)
from aegis_batch.adapters.outbound.http.errors import AttemptFailed, AttemptRefused, Failure
from aegis_batch.domain.report import StoredReport, TopItem

_NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("0", 0.0),
        ("7", 7.0),
        (" 7 ", 7.0),
        ("60", 60.0),
        ("61", 60.0),
        ("9" * 400, 60.0),
        ("Sun, 22 Nov 2026 02:00:30 GMT", 30.0),
        ("Sunday, 22-Nov-26 02:00:30 GMT", 30.0),
        ("Sun Nov 22 02:00:30 2026", None),
        ("Sun, 22 Nov 2026 02:30:00 GMT", 60.0),
        ("Sun, 22 Nov 2026 01:59:59 GMT", 0.0),
        ("Mon, 01 Jan 9999 00:00:00 GMT", 60.0),
        ("Sun, 99 Nov 2026 02:00:30 GMT", None),
        ("Sun, 22 Nov 2026 02:00:30 +9999", None),
        ("", None),
        ("-1", None),
        ("1.5", None),
        ("1e3", None),
        ("²", None),
        ("soon", None),
        ("nan", None),
    ],
)
def test_retry_after_is_seconds_or_a_date_and_60_at_most(
    value: str | None, seconds: float | None
) -> None:
    assert retry_after_seconds(value, _NOW) == seconds


@given(st.text())
def test_any_retry_after_is_nothing_or_a_bounded_wait(value: str) -> None:
    seconds = retry_after_seconds(value, _NOW)

    assert seconds is None or 0 <= seconds <= 60


@pytest.mark.parametrize("status", range(100, 600))
def test_every_status_is_passing_or_final(status: int) -> None:
    answer = unwelcome(httpx.Response(status, headers={"Retry-After": "5"}), _NOW)

    assert answer.status == status
    if status >= 500:
        assert isinstance(answer, AttemptFailed)
        assert answer.failure is Failure.SERVER_ERROR
        assert answer.retry_after_seconds == (5.0 if status == 503 else None)
    elif status >= 200:
        assert isinstance(answer, AttemptRefused)
    else:
        assert isinstance(answer, AttemptFailed)
        assert answer.failure is Failure.MALFORMED


def test_a_report_is_taken_as_numbers_and_text() -> None:
    body = (
        '{"reportDate":"2026-11-21","totalOrders":128,"totalRevenue":24560.50,'
        '"topItems":[{"name":"Água","qty":120.0}],"id":"x"}'
    )

    assert parse_report(body.encode(), 200) == StoredReport(
        date(2026, 11, 21), Decimal(128), Decimal("24560.50"), (TopItem("Água", Decimal(120)),)
    )


@pytest.mark.parametrize(
    "field",
    [
        '"totalOrders":"128"',
        '"totalOrders":true',
        '"totalOrders":null',
        '"totalRevenue":"24560.50"',
        '"totalRevenue":[1]',
        '"topItems":{}',
        '"topItems":[1]',
        '"topItems":[{"name":"x"}]',
        '"topItems":[{"qty":1}]',
        '"topItems":[{"name":"x","qty":1},{"name":7,"qty":1}]',
    ],
)
def test_a_field_of_another_kind_is_left_out(field: str) -> None:
    body = f'{{"reportDate":"2026-11-21",{field}}}'.encode()

    assert parse_report(body, 200) == StoredReport(date(2026, 11, 21))


@pytest.mark.parametrize("number", ["1e4000", "-1e4000", "1e-4000", "0.0", "-0", "1E+2", "2.5"])
def test_numbers_of_a_sane_size_are_taken(number: str) -> None:
    stored = parse_report(f'{{"reportDate":"2026-11-21","totalRevenue":{number}}}'.encode(), 200)

    assert stored is not None
    assert stored.total_revenue == Decimal(number)


@pytest.mark.parametrize("number", ["1e4001", "1e-4001", "0e9999999", "9" * 5_000, "1e999999999"])
@pytest.mark.parametrize("field", ["totalOrders", "totalRevenue", "qty"])
def test_a_report_with_a_number_of_an_absurd_size_is_none(field: str, number: str) -> None:
    inner = f'"{field}":{number}'
    if field == "qty":
        inner = f'"topItems":[{{"name":"x",{inner}}}]'

    assert parse_report(f'{{"reportDate":"2026-11-21",{inner}}}'.encode(), 200) is None


def test_a_body_that_is_nested_too_deep_is_malformed() -> None:
    with pytest.raises(AttemptFailed) as caught:
        parse_report(b'{"a":' * 100_000, 200)

    assert (caught.value.failure, caught.value.status) == (Failure.MALFORMED, 200)


@given(st.binary())
def test_any_bytes_are_a_report_or_none(body: bytes) -> None:
    assert parse_report(body, 200) is None


def test_a_body_of_1_mib_is_read_and_one_byte_more_is_malformed() -> None:
    size = 1024 * 1024

    assert len(read_body(httpx.Response(200, stream=httpx.ByteStream(b"x" * size)))) == size
    with pytest.raises(AttemptFailed) as caught:
        read_body(httpx.Response(200, stream=httpx.ByteStream(b"x" * (size + 1))))
    assert caught.value.failure is Failure.MALFORMED


def test_a_body_that_says_it_is_packed_is_not_unpacked() -> None:
    response = httpx.Response(
        200, headers={"Content-Encoding": "gzip"}, stream=httpx.ByteStream(b"{}")
    )

    assert read_body(response) == b"{}"
