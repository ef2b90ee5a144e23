"""Dead letters for people."""

from collections.abc import Sequence

from aegis_batch.adapters.inbound.cli.columns import facts, table
from aegis_batch.adapters.inbound.cli.moments import Clockface
from aegis_batch.adapters.inbound.cli.periods import period_heading, period_in_full
from aegis_batch.adapters.inbound.cli.runs_text import problem_facts
from aegis_batch.application.dead_letter_decisions import Decided
from aegis_batch.domain.dead_letter import DeadLetter, DeadLetterState
from aegis_batch.domain.printable import printable

__all__ = ["decided_as_text", "letter_as_text", "letters_as_text"]


def letters_as_text(
    letters: Sequence[DeadLetter], calendar: Clockface, *, names_tenants: bool = False
) -> str:
    """Return dead letters one a line, as they come."""
    first = period_heading(letter.key.period for letter in letters)
    whose = ("tenant",) if names_tenants else ()
    headings = (
        *(first, *whose, "job", "state", "error", "tries", "died in UTC"),
        *(calendar.heading, "run"),
    )
    return table(
        headings,
        (
            (
                str(letter.key.period),
                *((letter.key.tenant,) if names_tenants else ()),
                letter.job.value,
                letter.state.value,
                letter.problem.code,
                str(letter.attempts),
                f"{letter.died_at:%Y-%m-%d %H:%M}",
                calendar.short(letter.died_at),
                letter.run_id,
            )
            for letter in letters
        ),
    )


def letter_as_text(letter: DeadLetter, calendar: Clockface) -> str:
    """Return one dead letter, what was decided about it, and what can be."""
    tenant = letter.key.tenant
    told = [
        facts(
            [
                ("run", letter.run_id),
                ("job", f"{letter.job} of {period_in_full(letter.key.period)}"),
                ("tenant", None if tenant == "default" else tenant),
                ("outcome", letter.outcome.value),
                ("attempts", str(letter.attempts)),
                ("died", calendar.both(letter.died_at)),
                ("state", letter.state.value),
                ("decided", calendar.both(letter.decided_at)),
                ("by", letter.decided_by),
                ("reason", letter.reason),
                ("now run", letter.replayed_as),
            ]
        ),
        facts(problem_facts(letter.problem)),
    ]
    if letter.state is DeadLetterState.OPEN:
        told.append(
            f"To try it again: aegis-batch dead-letters replay {letter.run_id} --reason ...\n"
            f"To put it away:  aegis-batch dead-letters discard {letter.run_id} --reason ..."
        )
    return "\n\n".join(told)


def decided_as_text(decided: Decided) -> str:
    """Return what became of one dead letter as a line."""
    letter = decided.letter
    tenant = letter.key.tenant
    whose = "" if tenant == "default" else f"{printable(tenant)}  "
    named = f"{letter.key.period}  {whose}{letter.job}  {printable(letter.run_id)}"
    if letter.state is DeadLetterState.REPLAYED:
        done = f"replayed as {letter.replayed_as}"
    else:
        done = letter.state.value
    if decided.is_new:
        return f"{named}  {done}"
    who = printable(f"by {letter.decided_by} ({letter.reason})")
    return f"{named}  was {done} before, {who}: nothing is changed"
