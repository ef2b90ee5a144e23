"""Answers that a Backend may give, in the words of WireMock's JSON."""

import json
from collections.abc import Mapping
from typing import Any

from tests.integration.closing import BODY

ELSEWHERE_PATH = "/elsewhere"
BIG_FILE = "big-body"
BIG_BYTES = 100 * 1024 * 1024
LATE_MS = 3_000

Response = Mapping[str, Any]


def status(code: int, **headers: str) -> Response:
    """Return an answer without a body."""
    return {"status": code, "headers": headers}


def redirect(code: int) -> Response:
    """Return an answer that leads to another path of the same server."""
    return status(code, Location=ELSEWHERE_PATH)


def json_text(text: str) -> Response:
    """Return an answer of status 200 whose body is said to be JSON."""
    return {"status": 200, "body": text, "headers": {"Content-Type": "application/json"}}


def changed(**fields: object) -> Response:
    """Return the report of the day with other fields."""
    return json_text(json.dumps({**json.loads(BODY), **fields}))


ABSENT = status(404)
CREATED = status(201)
FAILING = status(500)
BUSY = status(503)
UNAUTHORISED = status(401)

EQUAL = json_text(BODY)
# The same numbers, written in another way, with fields of the Backend's own.
EQUAL_AS_NUMBERS = json_text(
    '{"id": 7, "storedAt": "2026-11-22T02:00:01Z", "reportDate": "2026-11-21",'
    ' "totalRevenue": 5.05e1, "totalOrders": 2.0, "topItems":'
    ' [{"qty": 1.0, "name": "Refrigerante", "sku": 3}, {"qty": 2, "name": "Hambu\\u0301rguer"}]}'
)
DATE_ALONE = json_text('{"reportDate":"2026-11-21"}')
DIFFERENT = changed(totalRevenue=50.51)

PAGE: Response = {
    "status": 200,
    "body": "<!doctype html><title>Welcome</title>",
    "headers": {"Content-Type": "text/html"},
}
DEEP = json_text("[" * 100_000)
OVER_THE_CAP = json_text(" " * 1_100_000 + BODY)
BIG: Response = {"status": 200, "bodyFileName": BIG_FILE}
LATE: Response = {**EQUAL, "fixedDelayMilliseconds": LATE_MS}
DRIBBLE: Response = {
    **EQUAL,
    "chunkedDribbleDelay": {"numberOfChunks": 30, "totalDuration": LATE_MS},
}

RESET: Response = {"fault": "CONNECTION_RESET_BY_PEER"}
EMPTY: Response = {"fault": "EMPTY_RESPONSE"}
GARBAGE: Response = {"fault": "RANDOM_DATA_THEN_CLOSE"}
BROKEN_CHUNK: Response = {"fault": "MALFORMED_RESPONSE_CHUNK"}

# With status 200, and yet no report of the day.
MALFORMED: Mapping[str, Response] = {
    "a page": PAGE,
    "nothing": status(200),
    "a list": json_text("[]"),
    "a number": json_text("2026"),
    "no reportDate": json_text("{}"),
    "a reportDate that is no text": changed(reportDate=20261121),
    "another reportDate": changed(reportDate="2026-11-20"),
    "a reportDate with a time": changed(reportDate="2026-11-21T00:00:00Z"),
    "half of JSON": json_text(BODY[:-1]),
    "NaN": json_text(BODY.replace("50.50", "NaN")),
    "an infinity": json_text(BODY.replace("50.50", "-Infinity")),
    "an absurd number": json_text(BODY.replace("50.50", "5e999999999")),
    "an impossible number": json_text(BODY.replace("50.50", "5e9999999999999999999999")),
    "half of a surrogate pair": json_text(BODY.replace("Hamb", "\\ud800")),
    "a body that is no Unicode": {"status": 200, "base64Body": "eyLDKCI6MX0="},
    "JSON 100,000 deep": DEEP,
    "a field 100,000 deep": json_text('{"reportDate":"2026-11-21","more":' + "[" * 100_000),
    "a body over the cap": OVER_THE_CAP,
    "a body of 100 MB": BIG,
    "a broken chunk": BROKEN_CHUNK,
}
