"""What every keeper of answered requests promises."""

from aegis_batch.application.ports.answered_requests import AnsweredRequest
from aegis_batch.application.ports.state import State
from tests.integration.state_records import NOON, SECOND


def a_request(key: str, seconds: int = 0, subject: str = "job") -> AnsweredRequest:
    """Return a request that was answered some seconds after noon."""
    return AnsweredRequest(key, "digest", subject, NOON + seconds * SECOND)


def test_a_request_is_found_by_its_key_as_it_was_kept_last(state: State) -> None:
    with state.turn() as turn:
        turn.answered_requests.keep(a_request("a"))
        turn.answered_requests.keep(a_request("a", 1, "run"))

    with state.look() as turn:
        assert turn.answered_requests.find("a") == a_request("a", 1, "run")
        assert turn.answered_requests.find("b") is None


def test_the_oldest_requests_are_forgotten_first(state: State) -> None:
    with state.turn() as turn:
        for place, key in enumerate("cab"):
            turn.answered_requests.keep(a_request(key, place))

    with state.turn() as turn:
        assert turn.answered_requests.forget(NOON + 2 * SECOND, 1) == 1
        assert turn.answered_requests.find("c") is None
        assert turn.answered_requests.forget(NOON + 2 * SECOND, 9) == 1
        assert turn.answered_requests.find("b") is not None
