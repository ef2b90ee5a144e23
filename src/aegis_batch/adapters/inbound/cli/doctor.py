"""``doctor``: look at everything that a close depends on, before the first night."""

import json
import sys

import click

from aegis_batch.adapters.inbound.cli.exit_status import ExitStatus
from aegis_batch.adapters.inbound.cli.options import output_option
from aegis_batch.adapters.inbound.cli.output import say, write_result
from aegis_batch.adapters.inbound.cli.services import Services
from aegis_batch.domain.checkup import Check, Verdict, worst_of
from aegis_batch.domain.printable import printable
from aegis_batch.domain.views.suggestion import LOOKED_FOR, Suggestion

__all__ = ["doctor"]

_COLOURS = {Verdict.OK: "green", Verdict.WARN: "yellow", Verdict.FAIL: "red"}
_NAME_CHARACTERS = 20


@click.command(
    epilog="""\b
Examples:
  aegis-batch doctor                     look at everything, with a remedy for what is amiss
  aegis-batch doctor --output json       the same as one JSON object
  aegis-batch doctor --suggest-view      print views for a database that looks different
\b
Exit status: 0 nothing fails, 1 something does (or no view could be suggested)."""
)
@output_option
@click.option(
    "--suggest-view",
    is_flag=True,
    help="Print the SQL of views that make the tables fit; nothing is executed.",
)
@click.pass_obj
def doctor(services: Services, *, output: str, suggest_view: bool) -> int:
    """Check the settings, the orders' database, the orders, the Backend and the collector.

    It changes nothing anywhere, and shows no secret. Each line is ok, warn or fail, with a remedy.
    """
    if suggest_view:
        return _suggest(services, as_json=output == "json")
    return _examine(services, as_json=output == "json")


def _examine(services: Services, *, as_json: bool) -> int:
    started = services.clock.monotonic_seconds()
    checks: list[Check] = []
    for check in services.doctor().examine():
        checks.append(check)
        if not as_json:
            write_result(_as_text(check))
    verdict = worst_of(checks)
    if as_json:
        duration_ms = (services.clock.monotonic_seconds() - started) * 1000
        write_result(_as_json(verdict, checks, duration_ms))
    else:
        write_result("\n" + _summary(checks))
    return ExitStatus.FOUND if verdict is Verdict.FAIL else ExitStatus.OK


def _as_text(check: Check) -> str:
    verdict = f"{check.verdict.value:<4}"
    if sys.stdout.isatty():
        verdict = click.style(verdict, fg=_COLOURS[check.verdict], bold=True)
    lines = [f"{verdict}  {check.name:<{_NAME_CHARACTERS}}  {printable(check.message)}"]
    if check.remedy is not None:
        # Every further line of a remedy is SQL, to be copied as it stands.
        first, *sql = check.remedy.split("\n")
        lines.append(f"      -> {printable(first)}")
        lines += [f"         {printable(line)}" for line in sql]
    return "\n".join(lines)


def _summary(checks: list[Check]) -> str:
    counts = dict.fromkeys(Verdict, 0)
    for check in checks:
        counts[check.verdict] += 1
    told = ", ".join(f"{count} {verdict.value}" for verdict, count in counts.items() if count)
    if counts[Verdict.FAIL]:
        return f"{told}: a close would fail, or not be safe, before the failures are mended."
    return f"{told}: a close can run."


def _as_json(verdict: Verdict, checks: list[Check], duration_ms: float) -> str:
    return json.dumps(
        {
            "verdict": verdict.value,
            "checks": [
                {
                    "name": check.name,
                    "verdict": check.verdict.value,
                    "message": check.message,
                    "remedy": check.remedy,
                }
                for check in checks
            ],
            "durationMs": round(duration_ms, 1),
        },
        ensure_ascii=False,
        separators=(",", ":"),
    )


def _suggest(services: Services, *, as_json: bool) -> int:
    suggestion = services.suggest_views().suggest()
    if as_json:
        write_result(_suggestion_as_json(suggestion))
    elif suggestion is not None:
        write_result(suggestion.sql)
    else:
        say("aegis-batch: no tables of this database look like orders and their lines.")
        say("  -> looked for: " + "; ".join(LOOKED_FOR) + ".")
        say("  -> write views orders and order_items by hand: docs/doctor.md has their columns.")
    return ExitStatus.OK if suggestion is not None else ExitStatus.FOUND


def _suggestion_as_json(suggestion: Suggestion | None) -> str:
    return json.dumps(
        {
            "sql": None if suggestion is None else suggestion.sql,
            "settings": {} if suggestion is None else dict(suggestion.settings),
            "lookedFor": list(LOOKED_FOR),
        },
        ensure_ascii=False,
        separators=(",", ":"),
    )
