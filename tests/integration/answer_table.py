"""The answer table of the Backend's contract, line by line, in the words of WireMock.

Each line says what the Backend answers and what must come of it. The lines know nothing of how a
day is closed, so that the same ones hold for the use case and for real processes.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.integration.closing import BODY, DAY
from tests.servers.ground import wait_until
from tests.servers.wiremock import WireMockServer

FIND_PATH = f"/reports/{DAY}"
SUBMIT_PATH = "/internal/reports/daily"
ELSEWHERE_PATH = "/elsewhere"
BIG_FILE = "big-body"
BIG_BYTES = 100 * 1024 * 1024
EXIT_STATUS = {
    "created": 0,
    "already_closed": 0,
    "refused": 4,
    "conflict": 4,
    "unavailable": 5,
}
_SHORT_SECONDS = 0.4
_LONG_MS = 3_000
_COUNT_SECONDS = 10.0

Response = Mapping[str, Any]


def _json(text: str, status: int = 200) -> Response:
    return {"status": status, "body": text, "headers": {"Content-Type": "application/json"}}


def _status(status: int, **headers: str) -> Response:
    return {"status": status, "headers": headers}


def _changed(**fields: object) -> Response:
    return _json(json.dumps({**json.loads(BODY), **fields}))


ABSENT = _status(404)
CREATED = _status(201)
EQUAL = _json(BODY)
# The same numbers, written in another way, with fields of the Backend's own.
EQUAL_AS_NUMBERS = _json(
    '{"id": 7, "storedAt": "2026-11-22T02:00:01Z", "reportDate": "2026-11-21",'
    ' "totalRevenue": 5.05e1, "totalOrders": 2.0, "topItems":'
    ' [{"qty": 1.0, "name": "Refrigerante", "sku": 3}, {"qty": 2, "name": "Hambu\\u0301rguer"}]}'
)
DIFFERENT = _changed(totalRevenue=50.51)
PAGE: Response = {
    "status": 200,
    "body": "<!doctype html><title>Welcome</title>",
    "headers": {"Content-Type": "text/html"},
}
DEEP = _json("[" * 100_000)
DEEP_IN_FIELD = _json('{"reportDate":"2026-11-21","more":' + "[" * 100_000)
BIG: Response = {"status": 200, "bodyFileName": BIG_FILE}
FAILING = _status(500)
BUSY = _status(503)
FAULTS = (
    "CONNECTION_RESET_BY_PEER",
    "EMPTY_RESPONSE",
    "MALFORMED_RESPONSE_CHUNK",
    "RANDOM_DATA_THEN_CLOSE",
)
RESET: Response = {"fault": "CONNECTION_RESET_BY_PEER"}
BROKEN_CHUNK: Response = {"fault": "MALFORMED_RESPONSE_CHUNK"}
LATE: Response = {"status": 201, "fixedDelayMilliseconds": _LONG_MS}
LATE_FOUND: Response = {**EQUAL, "fixedDelayMilliseconds": _LONG_MS}
DRIBBLE: Response = {
    **EQUAL,
    "chunkedDribbleDelay": {"numberOfChunks": 30, "totalDuration": _LONG_MS},
}


@dataclass(frozen=True)
class Line:
    """What the Backend answers, the last answer again and again, and what must come of it.

    ``gets`` and ``posts`` count the requests that reach it; ``submission`` is the attempts and
    the status of the result; ``code`` and ``retryable`` are those of its error.
    """

    name: str
    outcome: str
    find: tuple[Response, ...] = (ABSENT,)
    submit: tuple[Response, ...] = ()
    gets: int = 1
    posts: int = 0
    submission: tuple[int, int | None] | None = None
    code: str | None = None
    retryable: bool | None = None
    timeout_seconds: float = 10.0

    @property
    def exit_status(self) -> int:
        """The exit status of a process that closes the day."""
        return EXIT_STATUS[self.outcome]

    def arm(self, wiremock: WireMockServer) -> None:
        """Teach WireMock the answers of this line."""
        for method, path, answers in (
            ("GET", FIND_PATH, self.find),
            ("POST", SUBMIT_PATH, self.submit),
        ):
            if BIG in answers:
                wiremock.put_file(BIG_FILE, b" " * BIG_BYTES)
            for number, answer in enumerate(answers):
                state = "Started" if number == 0 else str(number)
                following = str(min(number + 1, len(answers) - 1)) if len(answers) > 1 else state
                wiremock.stub(
                    method,
                    path,
                    answer,
                    scenarioName=method,
                    requiredScenarioState=state,
                    newScenarioState=following,
                )

    def check_requests(self, wiremock: WireMockServer) -> None:
        """Assert what WireMock counted, which may take until a late answer is out."""
        expected = (self.gets, self.posts, self.gets + self.posts)
        wait_until(
            lambda: wiremock.count() >= expected[-1],
            what=f"{expected} requests, of which there are {_counts(wiremock)}",
            timeout_seconds=_COUNT_SECONDS,
        )
        assert _counts(wiremock) == expected


def _counts(wiremock: WireMockServer) -> tuple[int, int, int]:
    return wiremock.count("GET", FIND_PATH), wiremock.count("POST", SUBMIT_PATH), wiremock.count()


def _created(name: str, *submit: Response, find: tuple[Response, ...] = (ABSENT,)) -> Line:
    posts = len(submit)
    return Line(name, "created", find, submit, gets=len(find), posts=posts, submission=(posts, 201))


def _found_refused(status: int, **headers: str) -> Line:
    answer = _status(status, **headers)
    return Line(f"find {status}", "refused", (answer,), code="backend_refused", retryable=False)


def _unfound(name: str, answer: Response, code: str, timeout_seconds: float = 10.0) -> Line:
    return Line(
        f"find {name}",
        "unavailable",
        (answer,),
        gets=3,
        code=code,
        retryable=True,
        timeout_seconds=timeout_seconds,
    )


def _refused(status: int, **headers: str) -> Line:
    return Line(
        f"submit {status}",
        "refused",
        submit=(_status(status, **headers),),
        posts=1,
        submission=(1, status),
        code="backend_refused",
        retryable=False,
    )


def _failing(status: int) -> Line:
    return Line(
        f"submit {status}",
        "unavailable",
        submit=(_status(status),),
        posts=3,
        submission=(3, status),
        code="backend_failing",
        retryable=True,
    )


def _settled(  # noqa: PLR0913 - as many as a line has here
    name: str,
    outcome: str,
    submit: tuple[Response, ...],
    then_find: Response,
    *,
    posts: int = 3,
    status: int | None = None,
    timeout_seconds: float = 10.0,
) -> Line:
    """Return a line in which one more GET decides."""
    code = {"unavailable": "answer_lost", "conflict": "conflict"}.get(outcome)
    return Line(
        f"submit {name}",
        outcome,
        (ABSENT, then_find),
        submit,
        gets=2,
        posts=posts,
        submission=(posts, status),
        code=code,
        retryable=None if code is None else outcome == "unavailable",
        timeout_seconds=timeout_seconds,
    )


def _malformed() -> list[Line]:
    answers = {
        "a page": PAGE,
        "nothing": _status(200),
        "a list": _json("[]"),
        "a number": _json("2026"),
        "no reportDate": _json("{}"),
        "a reportDate that is no text": _changed(reportDate=20261121),
        "another reportDate": _changed(reportDate="2026-11-20"),
        "a reportDate with a time": _changed(reportDate="2026-11-21T00:00:00Z"),
        "half of JSON": _json(BODY[:-1]),
        "NaN": _json(BODY.replace("50.50", "NaN")),
        "Infinity": _json(BODY.replace("50.50", "-Infinity")),
        "an absurd number": _json(BODY.replace("50.50", "5e999999999")),
        "an impossible number": _json(BODY.replace("50.50", "5e9999999999999999999999")),
        "half of a surrogate pair": _json(BODY.replace("Hamb", "\\ud800")),
        "a body not in Unicode": {"status": 200, "base64Body": "eyLDKCI6MX0="},
        "JSON 100,000 deep": DEEP,
        "a field 100,000 deep": DEEP_IN_FIELD,
        "a body over the cap": _json(" " * 1_100_000 + BODY),
        "a body of 100 MB": BIG,
        "a broken chunk": BROKEN_CHUNK,
    }
    return [_unfound(name, answer, "malformed_answer") for name, answer in answers.items()]


def _lines() -> list[Line]:
    redirect = {"Location": ELSEWHERE_PATH}
    return [
        Line("find the report", "already_closed", (EQUAL,)),
        Line("find the report, written otherwise", "already_closed", (EQUAL_AS_NUMBERS,)),
        Line("find nothing but a date", "already_closed", (_json('{"reportDate":"2026-11-21"}'),)),
        Line("find 503, then the report", "already_closed", (BUSY, EQUAL), gets=2),
        *_malformed(),
        *map(_found_refused, (400, 401, 403, 405, 408, 409, 410, 418, 422, 429, 451)),
        *map(_found_refused, (202, 204, 206, 304)),
        *(_found_refused(status, **redirect) for status in (301, 302, 303, 307, 308)),
        *(_unfound(str(status), _status(status), "backend_failing") for status in (500, 502, 504)),
        *(_unfound(str(status), _status(status), "backend_failing") for status in (503, 599)),
        *(
            _unfound(fault, {"fault": fault}, "backend_broke_off")
            for fault in FAULTS
            if fault != "MALFORMED_RESPONSE_CHUNK"
        ),
        _unfound("too late", LATE_FOUND, "backend_timed_out", _SHORT_SECONDS),
        _unfound("in a dribble", DRIBBLE, "backend_timed_out", _SHORT_SECONDS),
        _created("submit 201", CREATED),
        _created("find 503, then nothing", CREATED, find=(BUSY, ABSENT)),
        _created("find a page, then nothing", CREATED, find=(PAGE, ABSENT)),
        _created("submit 201 with a page", {**PAGE, "status": 201}),
        _created("submit 201 with a dribble", {**DRIBBLE, "status": 201}),
        _created("submit 201 with a body of 100 MB", {**BIG, "status": 201}),
        _created("submit 503, then 201", BUSY, CREATED),
        _created("submit 500 and 503, then 201", FAILING, BUSY, CREATED),
        *(_created(f"submit {fault}, then 201", {"fault": fault}, CREATED) for fault in FAULTS),
        _created("submit JSON 100,000 deep, then 201", DEEP, CREATED),
        *map(_refused, (202, 204, 206, 300, 304)),
        *(_refused(status, **redirect) for status in (301, 302, 303, 307, 308)),
        *map(_refused, (400, 401, 403, 404, 405, 408, 409, 410, 413, 415, 422, 425, 429, 451)),
        *map(_failing, (500, 501, 502, 503, 504, 599)),
        *_existing_lines(),
        *_lost_lines(),
    ]


def _existing_lines() -> list[Line]:
    once = {"posts": 1, "submission": (1, 200)}
    told = {**once, "code": "conflict", "retryable": False}
    return [
        Line("submit 200, equal", "already_closed", submit=(EQUAL,), **once),
        Line("submit 200, equal as numbers", "already_closed", submit=(EQUAL_AS_NUMBERS,), **once),
        Line("submit 200, different", "conflict", submit=(DIFFERENT,), **told),
        Line(
            "submit 200, of another date",
            "conflict",
            submit=(_changed(reportDate="2026-11-20"),),
            **told,
        ),
        Line("submit 200, one order more", "conflict", submit=(_changed(totalOrders=3),), **told),
        Line("submit 200, no items", "conflict", submit=(_changed(topItems=[]),), **told),
        Line(
            "submit 503, then 200, different",
            "conflict",
            submit=(BUSY, DIFFERENT),
            posts=2,
            submission=(2, 200),
            code="conflict",
            retryable=False,
        ),
        *(
            _settled(
                f"200 with {name}, then find {what}", outcome, (answer,), then, posts=1, status=200
            )
            for name, answer in (
                ("nothing", _status(200)),
                ("a page", PAGE),
                ("no fields", _json('{"id":7}')),
            )
            for what, then, outcome in (
                ("it equal", EQUAL, "already_closed"),
                ("it different", DIFFERENT, "conflict"),
                ("nothing", ABSENT, "already_closed"),
                ("500", FAILING, "already_closed"),
                ("401", _status(401), "already_closed"),
                ("a page", PAGE, "already_closed"),
            )
        ),
        _settled(
            "200 with a date alone, then find it equal",
            "already_closed",
            (_json('{"reportDate":"2026-11-21"}'),),
            EQUAL,
            posts=1,
            status=200,
        ),
        _settled(
            "200 with a date alone, then find it different",
            "conflict",
            (_json('{"reportDate":"2026-11-21"}'),),
            DIFFERENT,
            posts=1,
            status=200,
        ),
    ]


def _lost_lines() -> list[Line]:
    lost: dict[str, tuple[Response, ...]] = {
        **{fault: ({"fault": fault},) for fault in FAULTS},
        "JSON 100,000 deep": (DEEP,),
        "a body over the cap": (_json(" " * 1_100_000 + BODY),),
        "a body of 100 MB": (BIG,),
        "a lost answer, then 503": (RESET, BUSY),
        "503 twice, then a lost answer": (BUSY, BUSY, RESET),
    }
    late = {"too late": (LATE,), "a dribble": (DRIBBLE,)}
    return [
        *(
            _settled(f"{name}, then find nothing", "unavailable", answers, ABSENT)
            for name, answers in lost.items()
        ),
        *(
            _settled(
                f"{name}, then find nothing",
                "unavailable",
                answers,
                ABSENT,
                timeout_seconds=_SHORT_SECONDS,
            )
            for name, answers in late.items()
        ),
        _settled("a lost answer, then find it equal", "already_closed", (RESET,), EQUAL),
        _settled("a lost answer, then find it different", "conflict", (RESET,), DIFFERENT),
        _settled("a lost answer, then find 503", "unavailable", (RESET,), BUSY),
        _settled("a lost answer, then find a page", "unavailable", (RESET,), PAGE),
        _settled("a lost answer, then find 401", "unavailable", (RESET,), _status(401)),
        Line(
            "submit a lost answer, then 409",
            "refused",
            submit=(RESET, _status(409)),
            posts=2,
            submission=(2, 409),
            code="backend_refused",
            retryable=False,
        ),
    ]


LINES = tuple(_lines())
