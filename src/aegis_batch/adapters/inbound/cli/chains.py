"""What came of checking the chains of seals, for people and for programs."""

from aegis_batch.adapters.inbound.cli.columns import facts, table
from aegis_batch.adapters.inbound.cli.json_text import (
    json_instant,
    json_list,
    json_object,
    json_value,
)
from aegis_batch.adapters.inbound.cli.moments import utc
from aegis_batch.application.chain_check import ChainsChecked, CheckedChain
from aegis_batch.domain.broken_link import BrokenLink

__all__ = ["broken_facts", "chains_as_json", "chains_as_text", "json_broken"]

_SHOWN_MAX = 20
_LISTED_MAX = 1_000


def chains_as_text(found: ChainsChecked) -> str:
    """Return how far each chain holds, and the first broken link of each that has one."""
    if not found.chains:
        return "No close has been sealed yet, so there is no chain to check."
    broken = found.broken
    counted = (
        f"{_plural(found.links, 'link')} in {_plural(len(found.chains), 'chain')},"
        f" {_plural(found.runs, 'run')} compared with their links."
    )
    said = "Every link holds" if not broken else f"Broken: {_plural(len(broken), 'chain')}. Holds"
    parts = [f"{said}: {counted}"]
    parts += [facts(broken_facts(link)) for link in broken[:_SHOWN_MAX]]
    if len(broken) > _SHOWN_MAX:
        parts.append(f"{len(broken) - _SHOWN_MAX} more broken chains: --output json")
    parts.append(_heads(found))
    if found.forgotten_before is not None:
        parts.append(
            f"Runs that ended before {utc(found.forgotten_before)} may be deleted for their age;"
            " a younger one that is not there is told as missing."
        )
    return "\n\n".join(parts)


def chains_as_json(found: ChainsChecked) -> str:
    """Return how far each chain holds; at most 1,000 chains are listed, the broken ones first."""
    ordered = sorted(found.chains, key=lambda chain: (chain.broken is None, chain.tenant))
    return json_object(
        {
            "holds": json_value(not found.broken),
            "links": json_value(found.links),
            "runsCompared": json_value(found.runs),
            "runsForgottenBefore": json_instant(found.forgotten_before),
            "brokenChains": json_value(len(found.broken)),
            "chains": json_list(map(_chain, ordered[:_LISTED_MAX])),
            "chainsLeftOut": json_value(len(ordered[_LISTED_MAX:])),
        }
    )


def broken_facts(broken: BrokenLink) -> list[tuple[str, str | None]]:
    """Return a broken link as facts: which, of what, what is wrong, and what to do."""
    return [
        ("broken", f"link {broken.number} of {broken.tenant}"),
        ("wrong", f"{broken.breach.meaning} ({broken.breach})"),
        ("period", broken.period),
        ("run", broken.run_id),
        ("found", broken.detail),
        ("to do", broken.remedy),
    ]


def json_broken(broken: BrokenLink | None) -> str:
    """Return a broken link, or ``null``."""
    if broken is None:
        return "null"
    return json_object(
        {
            "tenant": json_value(broken.tenant),
            "number": json_value(broken.number),
            "breach": json_value(broken.breach.value),
            "period": json_value(broken.period),
            "run": json_value(broken.run_id),
            "message": json_value(f"{broken.breach.meaning}. {broken.detail}"),
            "remedy": json_value(broken.remedy),
        }
    )


def _heads(found: ChainsChecked) -> str:
    rows = [
        (chain.tenant, f"{chain.holds.number:,}", f"{chain.runs:,}", chain.holds.digest)
        for chain in found.chains[:_SHOWN_MAX]
    ]
    text = table(("tenant", "links that hold", "runs", "digest of the last of them"), rows)
    if len(found.chains) > _SHOWN_MAX:
        text += f"\n{len(found.chains) - _SHOWN_MAX} more chains: --output json"
    return text


def _chain(chain: CheckedChain) -> str:
    return json_object(
        {
            "tenant": json_value(chain.tenant),
            "links": json_value(chain.holds.number),
            "digest": json_value(chain.holds.digest),
            "runsCompared": json_value(chain.runs),
            "broken": json_broken(chain.broken),
        }
    )


def _plural(count: int, name: str) -> str:
    return f"{count:,} {name}" + ("" if count == 1 else "s")
