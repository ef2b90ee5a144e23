"""One line of the answer table: how WireMock plays it, and what it must have counted."""

from dataclasses import dataclass, field
from typing import Any

from tests.integration.backend_answers import BIG_BYTES, BIG_FILE, Response
from tests.integration.closing import DAY
from tests.servers.ground import wait_until
from tests.servers.wiremock import WireMockServer

FIND_PATH = f"/reports/{DAY}"
SUBMIT_PATH = "/internal/reports/daily"
_EXIT_STATUS = {
    "created": 0,
    "already_closed": 0,
    "refused": 4,
    "conflict": 4,
    "unavailable": 5,
}
_COUNT_SECONDS = 10.0


@dataclass(frozen=True)
class Error:
    """The code of a result's error, and whether trying again later may help."""

    code: str
    retryable: bool


@dataclass(frozen=True)
class Line:
    """What the Backend answers, the last answer again and again, and what must come of it.

    ``gets`` and ``posts`` count the requests that reach it; ``last_status`` is the status of the
    submission, if there is one.
    """

    name: str
    outcome: str
    find: tuple[Response, ...]
    submit: tuple[Response, ...] = field(default=(), kw_only=True)
    gets: int = field(default=1, kw_only=True)
    posts: int = field(default=0, kw_only=True)
    last_status: int | None = field(default=None, kw_only=True)
    error: Error | None = field(default=None, kw_only=True)
    timeout_seconds: float = field(default=10.0, kw_only=True)

    @property
    def exit_status(self) -> int:
        """The exit status of a process that closes the day."""
        return _EXIT_STATUS[self.outcome]

    @property
    def submission(self) -> tuple[int, int | None] | None:
        """The attempts and the status of the submission."""
        return (self.posts, self.last_status) if self.posts else None

    def arm(self, wiremock: WireMockServer) -> None:
        """Teach WireMock the answers of this line."""
        if any(answer.get("bodyFileName") == BIG_FILE for answer in self.find + self.submit):
            wiremock.put_file(BIG_FILE, b" " * BIG_BYTES)
        play(wiremock, "GET", FIND_PATH, *self.find)
        play(wiremock, "POST", SUBMIT_PATH, *self.submit)

    def check_requests(self, wiremock: WireMockServer) -> None:
        """Assert what WireMock counted, once it has counted as many as there must be."""
        wait_until(
            lambda: wiremock.count() >= self.gets + self.posts,
            what=f"{self.gets} GETs and {self.posts} POSTs to be counted",
            timeout_seconds=_COUNT_SECONDS,
        )
        assert wiremock.count("GET", FIND_PATH) == self.gets
        assert wiremock.count("POST", SUBMIT_PATH) == self.posts
        assert wiremock.count() == self.gets + self.posts


def play(wiremock: WireMockServer, method: str, path: str, *answers: Response) -> None:
    """Let WireMock give answers one after the other, and the last one for ever."""
    for number, answer in enumerate(answers):
        options: dict[str, Any] = {
            "scenarioName": method,
            "requiredScenarioState": "Started" if number == 0 else str(number),
        }
        if number + 1 < len(answers):
            options["newScenarioState"] = str(number + 1)
        wiremock.stub(method, path, answer, **options)
