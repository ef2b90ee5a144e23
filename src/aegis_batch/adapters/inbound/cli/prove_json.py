"""A proof as JSON, for programs."""

from aegis_batch.adapters.inbound.cli.chains import json_broken
from aegis_batch.adapters.inbound.cli.json_text import (
    json_instant,
    json_list,
    json_object,
    json_problem,
    json_seal,
    json_value,
)
from aegis_batch.adapters.inbound.cli.moments import Clockface
from aegis_batch.adapters.inbound.cli.proof_words import headline
from aegis_batch.adapters.inbound.cli.runs_json import dead_letter_as_json, history_as_json
from aegis_batch.adapters.inbound.cli.unsealed_words import CAUSES, is_open, seal_command
from aegis_batch.application.period_links import LinkInShort, PeriodLinks
from aegis_batch.application.proving import Proof
from aegis_batch.application.verification_text import found_lines
from aegis_batch.domain import exact
from aegis_batch.domain.calendar import Window
from aegis_batch.domain.run_facts import RunFacts
from aegis_batch.domain.seal_link import KeptLink, SealLink, digest_of
from aegis_batch.domain.totals import Totals
from aegis_batch.domain.verification import Verification

__all__ = ["proof_as_json"]


def proof_as_json(proof: Proof, calendar: Clockface, version: str) -> str:
    """Return all that is known of a period, every item and every attempt included.

    ``link.content`` is the text that is kept, to the byte, ``link.digest`` the digest that was kept
    of it, and ``link.digestNow`` the one that it has: another where it was changed. ``links`` are
    all of the period, newest first; ``different`` what each has other than ``link``. Without a
    link, ``unsealed`` says what may be the cause of a period that is over, and what seals it.
    """
    chain = proof.chain
    return json_object(
        {
            "tenant": json_value(proof.key.tenant),
            "period": json_value(proof.key.period.kind.value),
            "date": json_value(proof.key.period.first_day.isoformat()),
            "madeAt": json_instant(proof.made_at),
            "madeBy": json_value(f"aegis-batch {version}"),
            "holds": json_value(proof.link is not None and not proof.is_off),
            "summary": json_value(headline(proof)[1]),
            "link": "null" if proof.link is None else _link(proof.link, proof.links.kept),
            "unsealed": _unsealed(proof, calendar),
            "reportWasSent": json_value(proof.links.was_sent),
            "reportMayHaveBeenSent": json_value(proof.may_have_been_sent),
            "links": json_list(_in_short(proof.links, link) for link in proof.links.listed),
            "chain": json_object(
                {
                    "linkHolds": json_value(proof.link_holds),
                    "linkFits": json_value(proof.link is not None and proof.link_fault is None),
                    "links": json_value(chain.holds.number),
                    "digest": json_value(chain.holds.digest),
                    "runsCompared": json_value(chain.runs),
                    "broken": json_broken(chain.broken),
                }
            ),
            "runIsKept": json_value(proof.run is not None),
            "runIsMissing": json_value(proof.absence is not None),
            "runs": json_list(map(history_as_json, proof.runs)),
            "deadLetters": json_list(map(dead_letter_as_json, proof.letters)),
            "verification": _verification(proof.verification),
        }
    )


def _unsealed(proof: Proof, calendar: Clockface) -> str:
    if proof.link is not None or is_open(proof, calendar):
        return "null"
    return json_object(
        {"causes": json_value(list(CAUSES)), "sealedBy": json_value(seal_command(proof))}
    )


def _link(link: SealLink, as_kept: KeptLink | None) -> str:
    kept, sealed = as_kept or link.kept(), link.sealed
    return json_object(
        {
            "number": json_value(link.number),
            "run": json_value(link.run_id),
            "outcome": json_value(link.outcome.value),
            "sealedAt": json_instant(link.sealed_at),
            "made": "null" if link.made is None else _made(link.made),
            "digest": json_value(kept.digest),
            "digestNow": json_value(digest_of(kept.content)),
            "previous": json_value(link.previous),
            "window": _window(sealed.seal.window),
            "seal": json_seal(sealed.seal),
            "body": json_value(sealed.body),
            "totals": _totals(sealed.totals),
            "content": json_value(kept.content),
        }
    )


def _in_short(links: PeriodLinks, link: LinkInShort) -> str:
    return json_object(
        {
            "number": json_value(link.number),
            "run": json_value(link.run_id),
            "outcome": json_value(link.outcome.value),
            "sealedAt": json_instant(link.sealed_at),
            "totalsDigest": json_value(link.totals_digest),
            "bodyDigest": json_value(link.body_digest),
            "different": json_value(list(links.different(link))),
            "breach": json_value(None if link.fault is None else link.fault.breach.value),
        }
    )


def _made(made: RunFacts) -> str:
    return json_object(
        {
            "trigger": json_value(made.trigger.value),
            "requestedBy": json_value(made.requested_by),
            "schedule": json_value(made.schedule),
            "replayOf": json_value(made.replay_of),
            "attempt": json_value(made.attempt),
            "startedAt": json_instant(made.started_at),
            "executor": json_value(made.executor),
            "backend": json_value(made.backend),
            "job": json_value(None if made.job is None else made.job.value),
        }
    )


def _window(window: Window) -> str:
    return json_object(
        {
            "start": json_instant(window.start),
            "end": json_instant(window.end),
            "localStart": json_value(window.wall_start.isoformat()),
            "localEnd": json_value(window.wall_end.isoformat()),
            "hours": json_value((window.end - window.start).total_seconds() / 3600),
        }
    )


def _totals(totals: Totals) -> str:
    return json_object(
        {
            "orders": json_value(totals.orders),
            "lines": json_value(totals.lines),
            "revenue": exact.canonical(totals.revenue),
            "items": json_list(
                json_object({"name": json_value(name), "qty": exact.canonical(quantity)})
                for name, quantity in sorted(totals.items.items())
            ),
            "findings": json_list(
                json_object(
                    {
                        "finding": json_value(finding.value),
                        "count": json_value(tally.count),
                        "orders": json_value(list(tally.order_ids)),
                    }
                )
                for finding, tally in totals.tallies.items()
            ),
        }
    )


def _verification(verification: Verification) -> str:
    return json_object(
        {
            "verdict": json_value(verification.verdict.value),
            "at": json_instant(verification.verified_at),
            "sealDigest": json_value(verification.seal_digest),
            "found": json_value(found_lines(verification)),
            "error": json_problem(verification.problem),
        }
    )
