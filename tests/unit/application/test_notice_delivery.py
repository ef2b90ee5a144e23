"""Notices: each delivered once, however long that takes, or given up loudly."""

from datetime import timedelta

import pytest

from aegis_batch.application.notice_delivery import DeliverNoticesUseCase
from aegis_batch.domain.errors import NoticeUndelivered, StateUnavailable
from aegis_batch.domain.job_events import NoticeDelivered, NoticeFailed, NoticeGivenUp
from aegis_batch.domain.notice import Notice, NoticeKind
from tests.unit.application.office import HOUR, MINUTE, NOON, Office

NO_ANSWER = NoticeUndelivered("receiver_silent", "Nobody answered.", "Look at the address.")
SECOND = timedelta(seconds=1)


def an_office_with(*keys: str) -> Office:
    office = Office([])
    for key in keys:
        announce(office, key)
    return office


def announce(office: Office, key: str) -> None:
    with office.ledger.turn() as turn:
        turn.announce(NoticeKind.MESSAGE, key=key, event="day.overdue", text="It is late.")


def delivered(office: Office) -> list[str]:
    return [notice.key for notice in office.notifier.delivered]


def test_a_notice_is_delivered_once() -> None:
    office = an_office_with("a")

    assert office.deliver.deliver() == 1
    assert office.deliver.deliver() == 0

    assert delivered(office) == ["a"]
    (event,) = office.events(NoticeDelivered)
    assert isinstance(event, NoticeDelivered)
    assert (event.key, event.attempts) == ("a", 1)


def test_what_was_told_is_not_told_again_however_often_it_is_announced() -> None:
    office = an_office_with("a", "a")
    office.notices()

    announce(office, "a")

    assert office.deliver.deliver() == 0


def test_more_notices_than_one_round_takes_are_delivered_in_the_next() -> None:
    office = an_office_with(*(f"{number:02}" for number in range(12)))

    assert office.deliver.deliver() == 10
    assert office.deliver.deliver() == 2

    assert len(set(delivered(office))) == 12


def test_an_undelivered_notice_waits_ever_longer_and_holds_up_no_other() -> None:
    office = an_office_with("a", "b")
    office.notifier.faults.append(NO_ANSWER)

    office.deliver.deliver()
    assert delivered(office) == ["b"]
    office.clock.advance(29 * SECOND)
    assert office.deliver.deliver() == 0
    office.clock.advance(SECOND)
    office.notifier.faults.append(NO_ANSWER)
    office.deliver.deliver()
    office.clock.advance(MINUTE)
    office.deliver.deliver()

    assert delivered(office) == ["b", "a"]
    last = office.events(NoticeDelivered)[-1]
    assert isinstance(last, NoticeDelivered)
    assert last.attempts == 3


def test_a_defect_in_a_delivery_counts_as_an_attempt_and_holds_up_no_other() -> None:
    office = an_office_with("a", "b")
    office.notifier.faults.append(KeyError("no such failure"))

    with pytest.raises(KeyError):
        office.deliver.deliver()
    assert delivered(office) == ["b"]
    office.clock.advance(29 * SECOND)
    assert office.deliver.deliver() == 0
    office.clock.advance(SECOND)
    office.deliver.deliver()

    assert delivered(office) == ["b", "a"]
    last = office.events(NoticeDelivered)[-1]
    assert isinstance(last, NoticeDelivered)
    assert last.attempts == 2


def test_a_notice_that_meets_a_defect_each_time_is_given_up_in_the_end() -> None:
    office = an_office_with("a")
    office.notifier.faults.extend([KeyError()] * 30)

    for _ in range(20):
        with pytest.raises(KeyError):
            office.deliver.deliver()
        office.clock.advance(HOUR)

    (event,) = office.events(NoticeGivenUp)
    assert isinstance(event, NoticeGivenUp)
    assert (event.attempts, event.code) == (20, "defect")
    assert office.deliver.deliver() == 0


def test_a_receiver_that_never_answers_is_given_up_after_twenty_attempts() -> None:
    office = an_office_with("a")
    office.notifier.faults.extend([NO_ANSWER] * 30)

    attempts = 0
    for _ in range(1_500):
        attempts += office.deliver.deliver()
        office.clock.advance(MINUTE)

    assert attempts == 20
    # From the first failure on, the log says so.
    assert len(office.events(NoticeFailed)) == 19
    (event,) = office.events(NoticeGivenUp)
    assert isinstance(event, NoticeGivenUp)
    assert (event.key, event.attempts, event.code) == ("a", 20, "receiver_silent")
    # Half a minute, doubled up to an hour: that is half a day and more.
    assert event.at - NOON > 12 * HOUR


def test_a_kind_that_is_no_longer_taken_is_given_up_at_once() -> None:
    office = an_office_with("a")
    office.notifier.kinds = frozenset({NoticeKind.NIGHT_COMPLETE})

    office.deliver.deliver()

    (event,) = office.events(NoticeGivenUp)
    assert isinstance(event, NoticeGivenUp)
    assert (event.code, event.attempts) == ("no_receiver", 1)
    assert office.deliver.deliver() == 0


def test_a_notice_whose_delivery_could_not_be_noted_is_sent_again() -> None:
    office = an_office_with("a")
    full = StateUnavailable("state_full", "The disk is full.", "Make room.")
    office.notifier.meanwhile = lambda: office.state.commit_faults.append(full)

    with pytest.raises(StateUnavailable):
        office.deliver.deliver()
    assert office.deliver.deliver() == 0
    office.clock.advance(MINUTE)
    office.deliver.deliver()

    assert delivered(office) == ["a", "a"]
    assert len(office.events(NoticeDelivered)) == 1


def test_a_process_that_delivers_meanwhile_sends_the_others_alone() -> None:
    office = an_office_with("a", "b", "c")
    other = DeliverNoticesUseCase(office.ledger, office.notifier)
    sent_by_other: list[int] = []
    office.notifier.meanwhile = lambda: sent_by_other.append(other.deliver())

    assert office.deliver.deliver() == 1

    assert sent_by_other == [2]
    assert delivered(office) == ["a", "b", "c"]
    assert len(office.events(NoticeDelivered)) == 3


def test_what_a_process_that_died_had_claimed_is_sent_when_the_claim_has_run_out() -> None:
    office = an_office_with("a")
    office.notifier.faults.append(KeyboardInterrupt())  # type: ignore[arg-type]
    with pytest.raises(KeyboardInterrupt):
        office.deliver.deliver()
    other = DeliverNoticesUseCase(office.ledger, office.notifier)

    assert other.deliver() == 0
    office.clock.advance(MINUTE)
    assert other.deliver() == 1

    assert delivered(office) == ["a"]
    (event,) = office.events(NoticeDelivered)
    assert isinstance(event, NoticeDelivered)
    assert event.attempts == 1


def test_what_nobody_is_to_be_told_is_not_kept() -> None:
    office = Office([], kinds=[])

    announce(office, "a")

    assert office.deliver.deliver() == 0


def test_the_text_of_a_notice_is_one_line_of_bounded_length() -> None:
    office = Office([])
    with office.ledger.turn() as turn:
        turn.announce(
            NoticeKind.MESSAGE, key="a", event="day.overdue", text="one\ntwo\x1b[2J" + "x" * 9_000
        )

    (notice,) = office.notices()

    assert notice.text.startswith("one\\ntwo\\x1b[2J")
    assert notice.text.endswith("x\u2026")
    assert len(notice.text) == 2_000


def test_a_notice_that_waits_for_a_moment_far_ahead_is_due_now() -> None:
    office = Office([])
    with office.ledger.turn() as turn:
        for key, ahead in (("leap", timedelta(days=40)), ("soon", timedelta(hours=1))):
            turn.state.notices.add(
                Notice(
                    key=key,
                    kind=NoticeKind.MESSAGE,
                    event="a.word",
                    text="A word.",
                    created_at=turn.now + ahead,
                    due_at=turn.now + ahead,
                )
            )

    assert office.deliver.deliver() == 1

    assert [notice.key for notice in office.notifier.delivered] == ["leap"]


def test_a_letter_of_a_run_that_was_forgotten_names_no_tenant() -> None:
    office = an_office_with("dead_letter:forgotten")

    assert [notice.tenant for notice in office.notices()] == [None]
