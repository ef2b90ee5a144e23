"""``audit``: what people did by hand."""

from collections.abc import Sequence

import click

from aegis_batch.adapters.inbound.cli.chains import chains_as_json, chains_as_text
from aegis_batch.adapters.inbound.cli.columns import table
from aegis_batch.adapters.inbound.cli.exit_status import ExitStatus
from aegis_batch.adapters.inbound.cli.json_text import (
    json_instant,
    json_list,
    json_object,
    json_value,
)
from aegis_batch.adapters.inbound.cli.moments import Clockface
from aegis_batch.adapters.inbound.cli.options import (
    all_option,
    limit_option,
    output_option,
    tenant_option,
)
from aegis_batch.adapters.inbound.cli.output import write_result
from aegis_batch.adapters.inbound.cli.services import Services
from aegis_batch.domain.audit import AuditEntry

__all__ = ["audit"]


@click.command(
    epilog="""\b
Examples:
  aegis-batch audit
  aegis-batch audit --limit 100 --output json
  aegis-batch audit --check                    is the evidence of all closes as it was kept?
\b
Exit status: 0 done, or everything holds; 1 a link of a chain of seals does not hold;
7 the state database is unavailable."""
)
@click.option(
    "--check",
    is_flag=True,
    help="Check each tenant's chain of seals, and name the first link that was changed.",
)
@tenant_option("With --check: check the chain of this tenant alone")
@all_option("With --check: check those of all tenants, as without")
@limit_option
@output_option
@click.pass_context
def audit(  # noqa: PLR0913 - one for each option
    context: click.Context,
    *,
    check: bool,
    tenant: str | None,
    everyone: bool,
    limit: int,
    output: str,
) -> int:
    """Show what people did by hand to schedules, dead letters and backfills: who, what, and why.

    Entries are only ever added. With --check, see whether the evidence of all closes still holds.
    """
    services: Services = context.obj
    if check:
        if context.get_parameter_source("limit") is click.core.ParameterSource.COMMANDLINE:
            raise click.UsageError("--limit says nothing to --check, which looks at every link.")
        return _check(services, services.tenants().named(tenant, everyone=everyone), output)
    if tenant is not None or everyone:
        raise click.UsageError("--tenant and --all go with --check.")
    with services.ledger_desk() as desk:
        entries = desk.history.audit(limit)
    if output == "json":
        text = json_object(
            {"entries": json_list(map(_as_json, entries)), "limit": json_value(limit)}
        )
    elif entries:
        text = _as_text(entries, desk.calendar)
        if len(entries) == limit:
            text += f"\n\nThese are the newest {limit}; there may be more: --limit {limit * 2}"
    else:
        text = "Nothing has been done by hand yet."
    write_result(text)
    return ExitStatus.OK


def _check(services: Services, tenant: str | None, output: str) -> int:
    with services.ledger_desk() as desk:
        found = desk.chains.check() if tenant is None else desk.chains.check_only(tenant)
    write_result(chains_as_json(found) if output == "json" else chains_as_text(found))
    return ExitStatus.FOUND if found.broken else ExitStatus.OK


def _as_text(entries: Sequence[AuditEntry], calendar: Clockface) -> str:
    return table(
        ("UTC", calendar.heading, "who", "did", "to what, and why"),
        (
            (
                f"{entry.at:%Y-%m-%d %H:%M:%S}",
                calendar.short(entry.at),
                entry.operator,
                entry.action,
                f"{entry.subject}  {entry.reason}{_from(entry)}".rstrip(),
            )
            for entry in entries
        ),
    )


def _from(entry: AuditEntry) -> str:
    return "" if entry.origin is None else f"  (from {entry.origin})"


def _as_json(entry: AuditEntry) -> str:
    return json_object(
        {
            "at": json_instant(entry.at),
            "operator": json_value(entry.operator),
            "action": json_value(entry.action),
            "subject": json_value(entry.subject),
            "reason": json_value(entry.reason),
            "origin": json_value(entry.origin),
        }
    )
