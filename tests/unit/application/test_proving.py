"""The proof of a period: all that is kept of it, and what is so now."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from aegis_batch.adapters.outbound.memory.clock import InMemoryClock
from aegis_batch.application.chain_check import ChainCheckUseCase
from aegis_batch.application.proving import Proof, ProveUseCase
from aegis_batch.domain.broken_link import Breach
from aegis_batch.domain.dead_letter import DeadLetter
from aegis_batch.domain.errors import AegisError, BackendUnavailable, InvalidRequest, StateMisfit
from aegis_batch.domain.outcome import Outcome, Problem
from aegis_batch.domain.run import CloseKey, JobKind, RunState
from aegis_batch.domain.run_record import TimelineEntry
from aegis_batch.domain.seal_link import SealLink
from aegis_batch.domain.verification import Verdict, Verification
from tests.sealed_chain import OTHER_ITEMS, a_chain, derived_again, record_of
from tests.unit.application.altered_state import AlteredState

CHAIN = a_chain(4)
LINK = CHAIN[1]
FOUND = Outcome.ALREADY_CLOSED
NOW = CHAIN[-1].sealed_at + timedelta(days=1)
PROBLEM = Problem("conflict", "Another is there.", "Settle it.", retryable=False)


@dataclass
class Verifier:
    """Says of a period what it was told to, or fails."""

    verdict: Verdict = Verdict.EQUAL
    fault: AegisError | None = None
    asked: list[CloseKey] = field(default_factory=list)
    zones: list[str | None] = field(default_factory=list)

    def verify(self, key: CloseKey, zone_name: str | None) -> Verification:
        self.asked.append(key)
        self.zones.append(zone_name)
        if self.fault is not None:
            raise self.fault
        return Verification(key=key, verdict=self.verdict, seal_digest=None, verified_at=NOW)


def _prove(state: AlteredState, link: SealLink = LINK, verifier: Verifier | None = None) -> Proof:
    chains = ChainCheckUseCase(state)
    use_case = ProveUseCase(state, chains, verifier or Verifier(), InMemoryClock(NOW))
    return use_case.prove(link.key, "Europe/Berlin")


def test_a_closed_day_is_proved_by_its_link_its_run_and_a_comparison_of_now() -> None:
    verifier = Verifier()

    proof = _prove(AlteredState(CHAIN), verifier=verifier)

    assert proof.link == LINK
    assert proof.run is not None
    assert proof.run.record == record_of(LINK)
    assert proof.chain.holds.number == 4
    assert (proof.link_holds, proof.is_off, proof.made_at) == (True, False, NOW)
    assert verifier.asked == [LINK.key]


def test_a_day_whose_run_is_past_its_retention_is_proved_by_its_link_alone() -> None:
    proof = _prove(AlteredState(CHAIN, with_runs=False))

    assert (proof.link, proof.run, proof.runs) == (LINK, None, ())
    assert not proof.is_off


def test_a_day_that_was_never_closed_has_no_link_and_no_run() -> None:
    proof = _prove(AlteredState(CHAIN[:1]), CHAIN[1])

    assert (proof.link, proof.run, proof.runs) == (None, None, ())
    assert (proof.link_holds, proof.is_off) == (False, False)


def test_what_was_sent_is_told_by_the_newest_link_whose_run_saw_it_taken() -> None:
    chain = derived_again(derived_again(CHAIN, LINK, Outcome.CREATED), LINK)

    links = _prove(AlteredState(chain)).links

    assert links.shown == chain[4]
    assert links.was_sent
    assert [link.number for link in links.listed] == [6, 5, 2]
    assert (links.later_differ, links.differ) == (False, False)


def test_the_link_that_was_sent_is_found_below_any_number_of_later_ones() -> None:
    chain = CHAIN
    for _ in range(25):
        chain = derived_again(chain, LINK)

    proof = _prove(AlteredState(chain))

    assert (proof.link, proof.is_off) == (LINK, False)
    assert [link.number for link in proof.links.listed] == [*range(29, 4, -1), 2]


def test_without_a_link_whose_run_saw_it_taken_the_newest_that_found_it_is_shown() -> None:
    found = replace(CHAIN[0], outcome=Outcome.ALREADY_CLOSED)
    chain = derived_again([found], found)

    links = _prove(AlteredState(chain), found).links

    assert links.shown == chain[1]
    assert not links.was_sent


def test_figures_that_a_later_link_has_otherwise_are_found() -> None:
    chain = derived_again(CHAIN, LINK, items=OTHER_ITEMS)

    proof = _prove(AlteredState(chain))

    assert proof.link == LINK
    assert (proof.links.later_differ, proof.links.differ, proof.is_off) == (True, True, True)
    later, sent = proof.links.listed
    assert proof.links.different(later) == ("totals", "body")
    assert proof.links.different(sent) == ()
    assert not proof.was_changed


def test_figures_that_an_earlier_report_had_otherwise_are_no_fault_of_the_one_in_its_place() -> (
    None
):
    chain = derived_again(CHAIN, LINK, Outcome.CREATED, OTHER_ITEMS)

    proof = _prove(AlteredState(chain))

    assert proof.link == chain[4]
    assert (proof.links.later_differ, proof.links.differ, proof.is_off) == (False, True, False)


def test_every_run_about_the_day_stands_in_order_and_those_of_other_jobs_do_not() -> None:
    state = AlteredState(CHAIN)
    closed = record_of(LINK)
    rebuilt = replace(
        closed,
        id="run-rebuild",
        job=JobKind.REBUILD,
        seal=None,
        enqueued_at=closed.enqueued_at + timedelta(hours=1),
    )
    failed = replace(
        closed,
        id="run-failed",
        state=RunState.FAILED,
        seal=None,
        enqueued_at=closed.enqueued_at - timedelta(hours=1),
    )
    state.keep(rebuilt, failed, replace(closed, id="run-night", job=JobKind.NIGHT, seal=None))

    proof = _prove(state)

    assert [history.record.id for history in proof.runs] == [
        "run-failed",
        closed.id,
        "run-rebuild",
    ]


def test_the_run_of_the_link_stands_there_even_among_too_many() -> None:
    state = AlteredState(CHAIN)
    closed = record_of(LINK)
    state.keep(
        *(
            replace(
                closed,
                id=f"run-{count:04}",
                state=RunState.FAILED,
                seal=None,
                enqueued_at=closed.enqueued_at + timedelta(seconds=count + 1),
            )
            for count in range(101)
        )
    )

    proof = _prove(state)

    assert len(proof.runs) == 101
    assert proof.runs[0].record == closed
    assert proof.run == proof.runs[0]


def test_a_day_is_looked_at_by_the_calendar_of_its_run_or_else_by_the_one_that_is_named() -> None:
    state = AlteredState(CHAIN, with_runs=False)
    state.keep(replace(record_of(LINK), zone_name="Asia/Tokyo"))
    verifier = Verifier()

    _prove(state, verifier=verifier)
    _prove(AlteredState(CHAIN, with_runs=False), verifier=verifier)

    assert verifier.zones == ["Asia/Tokyo", "Europe/Berlin"]


def test_dead_letters_stay_when_their_runs_are_gone() -> None:
    state = AlteredState(CHAIN, with_runs=False)
    letter = DeadLetter(
        run_id="run-gone",
        job=JobKind.CLOSE,
        key=LINK.key,
        outcome=Outcome.CONFLICT,
        problem=PROBLEM,
        attempts=3,
        died_at=LINK.sealed_at,
    )
    state.bury(letter)
    state.bury(replace(letter, run_id="run-night", job=JobKind.NIGHT))

    assert _prove(state).letters == (letter,)
    assert _prove(state, CHAIN[0]).letters == ()


def _alter_this(state: AlteredState) -> None:
    state.rows[1] = replace(state.rows[1], digest="sha256:00")


def _alter_next(state: AlteredState) -> None:
    state.rows[2] = replace(state.rows[2], digest="sha256:00")


def _alter_later(state: AlteredState) -> None:
    state.rows[3] = replace(state.rows[3], digest="sha256:00")


@pytest.mark.parametrize(
    ("alter", "holds"), [(_alter_this, False), (_alter_next, False), (_alter_later, True)]
)
def test_a_break_in_the_chain_is_told_and_so_is_whether_it_touches_this_link(
    alter: Callable[[AlteredState], None], *, holds: bool
) -> None:
    state = AlteredState(CHAIN)
    alter(state)

    proof = _prove(state)

    assert (proof.is_off, proof.link_holds) == (True, holds)


def test_a_link_that_cannot_be_read_is_told_by_the_check_of_its_chain() -> None:
    state = AlteredState(CHAIN)
    state.rows[1] = replace(state.rows[1], content="{}")

    proof = _prove(state)

    assert (proof.link, proof.is_off) == (None, True)
    assert proof.chain.broken is not None
    assert proof.chain.broken.number == 2


def test_a_run_that_cannot_be_read_spoils_no_other_part_of_the_proof() -> None:
    chain = derived_again(CHAIN, LINK)
    state = AlteredState(chain)
    state.change(replace(record_of(LINK), key=CHAIN[0].key))
    state.runs.unreadable = StateMisfit("state_unreadable_row", "A row.", "Mend it.")

    proof = _prove(state)

    assert (proof.link, proof.runs, proof.absence) == (LINK, (), None)
    assert proof.runs_are_unreadable
    assert proof.chain.broken is not None
    assert proof.chain.broken.breach is Breach.RUN


def test_other_trouble_of_a_run_ends_the_proof() -> None:
    state = AlteredState(CHAIN)
    state.change(replace(record_of(LINK), key=CHAIN[0].key))
    state.runs.unreadable = StateMisfit("state_damaged", "The file.", "Mend it.")

    with pytest.raises(StateMisfit, match="The file"):
        _prove(state)


def test_other_trouble_of_the_state_ends_the_proof() -> None:
    state = AlteredState(CHAIN)
    state.unreadable = StateMisfit("state_damaged", "The file.", "Mend it.")

    with pytest.raises(StateMisfit, match="The file"):
        _prove(state)


@pytest.mark.parametrize(
    ("verdict", "is_off"),
    [(verdict, verdict not in (Verdict.EQUAL, Verdict.UNKNOWN)) for verdict in Verdict],
)
def test_what_the_comparison_of_now_finds_is_found(verdict: Verdict, *, is_off: bool) -> None:
    assert _prove(AlteredState(CHAIN), verifier=Verifier(verdict)).is_off == is_off


@pytest.mark.parametrize(
    "fault",
    [
        BackendUnavailable("timeout", "It is away.", "Try later."),
        InvalidRequest("missing_setting", "No database.", "Set it."),
    ],
)
def test_a_proof_stands_where_no_comparison_can_be_made(fault: AegisError) -> None:
    proof = _prove(AlteredState(CHAIN), verifier=Verifier(fault=fault))

    assert proof.verification.verdict is Verdict.UNKNOWN
    assert proof.verification.problem == Problem.of(fault)
    assert proof.verification.verified_at == NOW
    assert (proof.link, proof.is_off) == (LINK, False)


def _found(attempt: int = 1) -> SealLink:
    assert LINK.made is not None
    made = replace(LINK.made, attempt=attempt)
    return replace(LINK, number=1, previous=CHAIN[0].previous, outcome=FOUND, made=made)


def _entries(*names: str) -> list[TimelineEntry]:
    return [TimelineEntry(LINK.run_id, LINK.sealed_at, name, "") for name in names]


@pytest.mark.parametrize(
    ("attempt", "names", "may_have"),
    [
        (1, ["job.taken"], False),
        (1, [], False),
        (2, [], True),
        (1, ["job.taken", "job.begun_again"], True),
        (1, ["job.taken", "job.handed_back", "job.taken"], True),
    ],
)
def test_an_earlier_attempt_may_have_sent_what_a_run_found(
    attempt: int, names: list[str], *, may_have: bool
) -> None:
    state = AlteredState([_found(attempt)])
    state.note(*_entries(*names))

    assert _prove(state).may_have_been_sent is may_have


@pytest.mark.parametrize(
    ("hours", "outcome", "may_have"),
    [
        (-1, Outcome.UNAVAILABLE, True),
        (-1, Outcome.CONFLICT, False),
        (1, Outcome.UNAVAILABLE, False),
        (None, None, False),
    ],
)
def test_another_run_may_have_sent_it_before(
    hours: int | None, outcome: Outcome | None, *, may_have: bool
) -> None:
    state = AlteredState([_found()])
    other = replace(
        record_of(LINK),
        id="another",
        state=RunState.FAILED,
        outcome=outcome,
        started_at=None if hours is None else LINK.sealed_at + timedelta(hours=hours),
    )
    state.keep(other)

    assert _prove(state).may_have_been_sent is may_have


def test_what_was_sent_is_no_guess() -> None:
    assert not _prove(AlteredState(CHAIN)).may_have_been_sent
