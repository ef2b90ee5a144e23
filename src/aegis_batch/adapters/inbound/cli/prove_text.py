"""A proof as text."""

from collections.abc import Iterable

from aegis_batch.adapters.inbound.cli.chains import broken_facts
from aegis_batch.adapters.inbound.cli.columns import facts, table
from aegis_batch.adapters.inbound.cli.link_words import (
    digest_facts,
    doubt_sentence,
    found_sentence,
    link_said,
    report_heading,
)
from aegis_batch.adapters.inbound.cli.moments import Clockface, utc
from aegis_batch.adapters.inbound.cli.proof_words import (
    TRIGGERS,
    absence_sentence,
    attempts,
    chain_sentence,
    finding_words,
    headline,
    length_of,
    outcome_words,
    pretty,
    starter,
    verdict_sentence,
)
from aegis_batch.adapters.inbound.cli.seal_words import grouped, is_merged, origin
from aegis_batch.adapters.inbound.cli.timeline_words import details
from aegis_batch.adapters.inbound.cli.unsealed_words import causes_sentence, is_open
from aegis_batch.application.history import RunHistory
from aegis_batch.application.proving import Proof
from aegis_batch.application.verification_text import found_lines
from aegis_batch.domain import exact
from aegis_batch.domain.printable import printable
from aegis_batch.domain.report_keeper import ReportKeeper
from aegis_batch.domain.seal_link import SealLink

__all__ = ["proof_as_text"]

_ITEMS_SHOWN_MAX = 20
_RUNS_SHOWN_MAX = 10
_LINKS_SHOWN_MAX = 10

_Facts = list[tuple[str, str | None]]


def proof_as_text(proof: Proof, calendar: Clockface, keeper: ReportKeeper) -> str:
    """Return all that is known of a period; items and runs only so many, the page has them all."""
    _, said = headline(proof)
    parts = [f"{proof.key.period} of {printable(proof.key.tenant)}: {said}."]
    if proof.link is not None:
        parts += _evidence(proof, proof.link, calendar, keeper)
    elif not is_open(proof, calendar):
        parts += _section("What is known", [causes_sentence(proof)])
    parts += _section("The chain of seals", [_chain(proof)])
    parts += _section("Attempts and answers", _runs(proof, calendar))
    if proof.letters:
        parts += _section("Dead letters", [_letters(proof, calendar)])
    parts += _section("What verify says now", [_now(proof, keeper)])
    return "\n\n".join(parts)


def _section(title: str, parts: Iterable[str]) -> list[str]:
    return [title.upper(), *parts]


def _evidence(proof: Proof, link: SealLink, calendar: Clockface, keeper: ReportKeeper) -> list[str]:
    body = "\n".join(printable(line) for line in pretty(link.sealed.body).splitlines())
    exact_bytes = f"{printable(link.sealed.body)}\n({len(link.sealed.body.encode()):,} bytes)"
    report = [body, exact_bytes, _findings(link), _items(link)]
    found = [] if proof.links.was_sent else [found_sentence(proof, keeper)]
    doubt = [printable(doubt_sentence(proof))] if proof.link_fault is not None else []
    return [
        *_section(report_heading(proof), [*doubt, *found]),
        *report,
        *_section(
            _as_is("When, by whom, and from what", proof),
            [facts(_origin(proof, link, calendar, keeper))],
        ),
        *_section(_as_is("Digests", proof), [facts(_digests(proof, link))]),
        *_links(proof),
    ]


def _as_is(title: str, proof: Proof) -> str:
    return title if proof.link_fault is None else f"{title}, as the ledger says now"


def _links(proof: Proof) -> list[str]:
    links = proof.links
    if len(links.listed) == 1:
        # What it says is told above.
        return []
    told = [
        facts(
            [
                (
                    f"link {link.number}",
                    f"{utc(link.sealed_at)}, {link.outcome}, run {link.run_id}",
                ),
                ("", link_said(proof, link)),
                ("totals", link.totals_digest),
                ("body", link.body_digest),
            ]
        )
        for link in links.listed[:_LINKS_SHOWN_MAX]
    ]
    left_out = len(links.listed) - _LINKS_SHOWN_MAX
    if left_out > 0:
        told.append(f"{left_out:,} earlier links: --output html, or json")
    return _section("All links of this period", told)


def _origin(proof: Proof, link: SealLink, calendar: Clockface, keeper: ReportKeeper) -> _Facts:
    seal, window = link.sealed.seal, link.sealed.seal.window
    made = starter(proof)
    versions = seal.versions
    program = f"aegis-batch {versions.program}"
    return [
        ("sealed", calendar.both(link.sealed_at)),
        ("outcome", f"{link.outcome}: {outcome_words(keeper).get(link.outcome, '-')}"),
        ("run", link.run_id),
        *_starter(proof),
        ("executor", None if made is None else made.executor),
        ("window", f"{utc(window.start)} to {utc(window.end)}, {length_of(window)}"),
        ("local", f"{window.wall_start:%Y-%m-%d %H:%M:%S} to {window.wall_end:%Y-%m-%d %H:%M:%S}"),
        (
            "added up" if is_merged(seal) else "read",
            f"{calendar.both(seal.read_at)}, {origin(seal)}",
        ),
        ("orders", f"{seal.orders_read:,}, with {seal.lines_read:,} lines"),
        ("items", f"{grouped(seal.items_sold)} of {seal.distinct_items:,} kinds"),
        ("by", f"{program}, tzdata {versions.tzdata}, Unicode {versions.unicode}"),
    ]


def _starter(proof: Proof) -> _Facts:
    made = starter(proof)
    if made is None:
        return [("", "The ledger no longer has this run; who started it is not known any more.")]
    return [
        ("started", f"{TRIGGERS[made.trigger]}, asked for by {made.requested_by}"),
        ("replay of", made.replay_of),
    ]


def _digests(proof: Proof, link: SealLink) -> _Facts:
    return [
        ("body", link.sealed.seal.body_digest),
        ("totals", link.sealed.seal.totals_digest),
        *digest_facts(proof),
        ("previous", link.previous),
    ]


def _findings(link: SealLink) -> str:
    tallies = link.sealed.totals.tallies
    if not tallies:
        return "No order broke a rule."
    return facts(
        (
            finding.value,
            f"{tally.count:,} {finding_words(finding, tally.count)}: {', '.join(tally.order_ids)}",
        )
        for finding, tally in tallies.items()
    )


def _items(link: SealLink) -> str:
    items = sorted(link.sealed.totals.items.items(), key=lambda item: item[0])
    items.sort(key=lambda item: item[1], reverse=True)
    if not items:
        return "No item was sold."
    told = table(
        ("sold", "item"),
        ((exact.canonical(quantity), name) for name, quantity in items[:_ITEMS_SHOWN_MAX]),
        may_fold=False,
    )
    left_out = len(items) - _ITEMS_SHOWN_MAX
    return told if left_out <= 0 else f"{told}\n{left_out:,} more: --output html, or json"


def _chain(proof: Proof) -> str:
    number = None if proof.link is None else str(proof.link.number)
    told: _Facts = [("link", number), ("found", chain_sentence(proof))]
    if proof.chain.broken is not None:
        told += broken_facts(proof.chain.broken)
    return facts(told)


def _runs(proof: Proof, calendar: Clockface) -> list[str]:
    told = [_run(history, calendar) for history in proof.runs[-_RUNS_SHOWN_MAX:]]
    if proof.runs_are_unreadable:
        return [absence_sentence(proof)]
    if proof.link is not None and proof.run is None:
        told.insert(
            0,
            f"The run {proof.link.run_id} is no longer in the ledger: its answers are gone."
            f" {absence_sentence(proof)}",
        )
    left_out = len(proof.runs) - _RUNS_SHOWN_MAX
    if left_out > 0:
        told.insert(0, f"{left_out} earlier runs: --output html, or json")
    return told or ["No run about this period is in the ledger."]


def _run(history: RunHistory, calendar: Clockface) -> str:
    record = history.record
    ended = "" if record.outcome is None else f", {record.outcome}"
    heading = f"run {record.id}: {record.job}, {record.state}{ended}, {attempts(record.attempt)}"
    rows = (
        (
            f"{entry.at:%Y-%m-%d %H:%M:%S.%f}"[:-3],
            calendar.short(entry.at),
            entry.name,
            details(entry.text),
        )
        for entry in history.timeline
    )
    if not history.timeline:
        return printable(heading)
    columns = ("UTC", calendar.heading, "event", "with")
    return f"{printable(heading)}\n{table(columns, rows, may_fold=False)}"


def _letters(proof: Proof, calendar: Clockface) -> str:
    return table(
        ("died in UTC", calendar.heading, "error", "state", "decided", "run"),
        (
            (
                f"{letter.died_at:%Y-%m-%d %H:%M}",
                calendar.short(letter.died_at),
                letter.problem.code,
                letter.state.value + (f" as {letter.replayed_as}" if letter.replayed_as else ""),
                f"{letter.decided_by}: {letter.reason}" if letter.decided_by else "-",
                letter.run_id,
            )
            for letter in proof.letters
        ),
    )


def _now(proof: Proof, keeper: ReportKeeper) -> str:
    verification = proof.verification
    return facts(
        [
            ("verdict", f"{verification.verdict} at {utc(verification.verified_at)}"),
            ("", verdict_sentence(proof, keeper)),
            *(("found", line) for line in found_lines(verification)),
            ("remedy", None if verification.problem is None else verification.problem.remedy),
        ]
    )
