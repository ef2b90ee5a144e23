"""The proof of a period: all that is kept of it, and what is so now."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from aegis_batch.adapters.outbound.memory.clock import InMemoryClock
from aegis_batch.application.chain_check import ChainCheckUseCase
from aegis_batch.application.proving import Proof, ProveUseCase
from aegis_batch.domain.dead_letter import DeadLetter
from aegis_batch.domain.errors import AegisError, BackendUnavailable, InvalidRequest, StateMisfit
from aegis_batch.domain.outcome import Outcome, Problem
from aegis_batch.domain.run import CloseKey, JobKind, RunState
from aegis_batch.domain.seal_link import SealLink
from aegis_batch.domain.verification import Verdict, Verification
from tests.sealed_chain import a_chain, record_of
from tests.unit.application.altered_state import AlteredState

CHAIN = a_chain(4)
LINK = CHAIN[1]
NOW = CHAIN[-1].sealed_at + timedelta(days=1)
PROBLEM = Problem("conflict", "Another is there.", "Settle it.", retryable=False)


@dataclass
class Verifier:
    """Says of a period what it was told to, or fails."""

    verdict: Verdict = Verdict.EQUAL
    fault: AegisError | None = None
    asked: list[CloseKey] = field(default_factory=list)

    def verify(self, key: CloseKey) -> Verification:
        self.asked.append(key)
        if self.fault is not None:
            raise self.fault
        return Verification(key=key, verdict=self.verdict, seal_digest=None, verified_at=NOW)


def _prove(state: AlteredState, link: SealLink = LINK, verifier: Verifier | None = None) -> Proof:
    chains = ChainCheckUseCase(state)
    use_case = ProveUseCase(state, chains, verifier or Verifier(), InMemoryClock(NOW))
    return use_case.prove(link.key)


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
