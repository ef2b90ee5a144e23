"""The answer table of the Backend's contract, line by line.

The lines know nothing of how a day is closed, so that the same ones hold for the use case and for
whole processes.
"""

from collections.abc import Iterator

from tests.integration.answer_line import Error, Line
from tests.integration.backend_answers import (
    ABSENT,
    BIG,
    BROKEN_CHUNK,
    BUSY,
    CREATED,
    DATE_ALONE,
    DEEP,
    DIFFERENT,
    DRIBBLE,
    EMPTY,
    EQUAL,
    EQUAL_AS_NUMBERS,
    FAILING,
    GARBAGE,
    LATE,
    MALFORMED,
    OVER_THE_CAP,
    PAGE,
    RESET,
    UNAUTHORISED,
    changed,
    redirect,
    status,
)

_REFUSED = Error("backend_refused", retryable=False)
_CONFLICT = Error("conflict", retryable=False)
_LOST = Error("answer_lost", retryable=True)
_FAILING = Error("backend_failing", retryable=True)
_BROKEN = Error("backend_broke_off", retryable=True)
_LATE = Error("backend_timed_out", retryable=True)
_MALFORMED = Error("malformed_answer", retryable=True)
# Less than a late answer takes.
_SHORT_SECONDS = 0.8

_REDIRECTS = (301, 302, 303, 307, 308)
_SERVER_ERRORS = (500, 501, 502, 503, 504, 599)
_FAULTS = {"a reset": RESET, "an empty answer": EMPTY, "garbage": GARBAGE}


def _found() -> Iterator[Line]:
    yield Line("find the report", "already_closed", (EQUAL,))
    yield Line("find the report, written otherwise", "already_closed", (EQUAL_AS_NUMBERS,))
    yield Line("find nothing but its date", "already_closed", (DATE_ALONE,))
    yield Line("find 503, then the report", "already_closed", (BUSY, EQUAL), gets=2)
    yield Line("find a page, then the report", "already_closed", (PAGE, EQUAL), gets=2)
    yield Line("find a reset, then the report", "already_closed", (RESET, EQUAL), gets=2)


def _not_found() -> Iterator[Line]:
    for name, answer in MALFORMED.items():
        yield Line(f"find {name}", "unavailable", (answer,), gets=3, error=_MALFORMED)
    for code in _SERVER_ERRORS:
        yield Line(f"find {code}", "unavailable", (status(code),), gets=3, error=_FAILING)
    for name, answer in _FAULTS.items():
        yield Line(f"find {name}", "unavailable", (answer,), gets=3, error=_BROKEN)
    for name, answer in {"too late": LATE, "in a dribble": DRIBBLE}.items():
        yield Line(
            f"find {name}",
            "unavailable",
            (answer,),
            gets=3,
            error=_LATE,
            timeout_seconds=_SHORT_SECONDS,
        )
    for code in (400, 401, 403, 405, 408, 409, 410, 418, 422, 429, 451, 202, 204, 206, 300, 304):
        yield Line(f"find {code}", "refused", (status(code),), error=_REFUSED)
    for code in _REDIRECTS:
        yield Line(f"find {code} elsewhere", "refused", (redirect(code),), error=_REFUSED)


def _created() -> Iterator[Line]:
    answers = {
        "201": (CREATED,),
        "201 with a page": ({**PAGE, "status": 201},),
        "201 with a dribble": ({**DRIBBLE, "status": 201},),
        "201 with a body of 100 MB": ({**BIG, "status": 201},),
        "503, then 201": (BUSY, CREATED),
        "500 and 503, then 201": (FAILING, BUSY, CREATED),
        "JSON 100,000 deep, then 201": (DEEP, CREATED),
        "a broken chunk, then 201": (BROKEN_CHUNK, CREATED),
        **{f"{name}, then 201": (answer, CREATED) for name, answer in _FAULTS.items()},
    }
    for name, submit in answers.items():
        yield Line(
            f"submit {name}",
            "created",
            (ABSENT,),
            submit=submit,
            posts=len(submit),
            last_status=201,
        )
    for name, answer in {"503": BUSY, "a page": PAGE, "a reset": RESET}.items():
        yield Line(
            f"find {name}, then nothing, submit 201",
            "created",
            (answer, ABSENT),
            submit=(CREATED,),
            gets=2,
            posts=1,
            last_status=201,
        )


def _not_taken() -> Iterator[Line]:
    finals = {
        **{str(code): status(code) for code in (202, 204, 206, 300, 304)},
        **{f"{code} elsewhere": redirect(code) for code in _REDIRECTS},
        **{str(code): status(code) for code in (400, 401, 403, 404, 405, 408, 409, 410)},
        **{str(code): status(code) for code in (413, 415, 422, 425, 429, 451)},
    }
    for name, answer in finals.items():
        for before in ((), (BUSY,), (RESET,)):
            yield Line(
                f"submit {name}" + ", after another answer" * len(before),
                "refused",
                (ABSENT,),
                submit=(*before, answer),
                posts=len(before) + 1,
                last_status=answer["status"],
                error=_REFUSED,
            )
    for code in _SERVER_ERRORS:
        yield Line(
            f"submit {code}",
            "unavailable",
            (ABSENT,),
            submit=(status(code),),
            posts=3,
            last_status=code,
            error=_FAILING,
        )


def _existing() -> Iterator[Line]:
    for name, answer in {"equal": EQUAL, "equal as numbers": EQUAL_AS_NUMBERS}.items():
        yield Line(
            f"submit 200, {name}",
            "already_closed",
            (ABSENT,),
            submit=(answer,),
            posts=1,
            last_status=200,
        )
    others = {
        "another revenue": DIFFERENT,
        "one order more": changed(totalOrders=3),
        "half an order more": changed(totalOrders=2.5),
        "no items": changed(topItems=[]),
        "another date": changed(reportDate="2026-11-20"),
    }
    for name, answer in others.items():
        yield Line(
            f"submit 200, {name}",
            "conflict",
            (ABSENT,),
            submit=(answer,),
            posts=1,
            last_status=200,
            error=_CONFLICT,
        )


def _existing_unseen() -> Iterator[Line]:
    """Yield lines in which the answer shows no whole report, and one GET decides."""
    unseen = {"nothing": status(200), "a page": PAGE, "no date": changed(reportDate=7)}
    for name, answer in {**unseen, "its date alone": DATE_ALONE}.items():
        for then, decision in {
            "it equal": EQUAL,
            "it different": DIFFERENT,
            "nothing": ABSENT,
            "500": FAILING,
            "401": UNAUTHORISED,
            "a page": PAGE,
            "a reset": RESET,
        }.items():
            is_conflict = decision is DIFFERENT
            yield Line(
                f"submit 200 with {name}, then find {then}",
                "conflict" if is_conflict else "already_closed",
                (ABSENT, decision),
                submit=(answer,),
                gets=2,
                posts=1,
                last_status=200,
                error=_CONFLICT if is_conflict else None,
            )


def _lost() -> Iterator[Line]:
    """Yield lines in which an answer was lost, and one GET decides."""
    losses = {
        **{name: (answer,) for name, answer in _FAULTS.items()},
        "a broken chunk": (BROKEN_CHUNK,),
        "JSON 100,000 deep": (DEEP,),
        "a body over the cap": (OVER_THE_CAP,),
        "a body of 100 MB": (BIG,),
        "a reset, then 503": (RESET, BUSY),
        "503 twice, then a reset": (BUSY, BUSY, RESET),
    }
    for name, submit in losses.items():
        for then, decision, outcome, error in (
            ("it equal", EQUAL, "already_closed", None),
            ("it different", DIFFERENT, "conflict", _CONFLICT),
            ("nothing", ABSENT, "unavailable", _LOST),
            ("503", BUSY, "unavailable", _LOST),
            ("a page", PAGE, "unavailable", _LOST),
            ("401", UNAUTHORISED, "unavailable", _LOST),
        ):
            yield Line(
                f"submit {name}, then find {then}",
                outcome,
                (ABSENT, decision),
                submit=submit,
                gets=2,
                posts=3,
                error=error,
            )
    for name, answer in {"too late": {**LATE, "status": 201}, "in a dribble": DRIBBLE}.items():
        yield Line(
            f"submit {name}, then find nothing",
            "unavailable",
            (ABSENT,),
            submit=(answer,),
            gets=2,
            posts=3,
            error=_LOST,
            timeout_seconds=_SHORT_SECONDS,
        )


LINES = (
    *_found(),
    *_not_found(),
    *_created(),
    *_not_taken(),
    *_existing(),
    *_existing_unseen(),
    *_lost(),
)
