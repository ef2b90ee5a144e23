"""``verify``: look at closed periods again, and say what is no longer true."""

from dataclasses import replace
from datetime import date

import click

from aegis_batch.adapters.inbound.cli.options import (
    all_option,
    output_option,
    parse_day,
    tenant_option,
)
from aegis_batch.adapters.inbound.cli.output import write_result
from aegis_batch.adapters.inbound.cli.services import Services
from aegis_batch.adapters.inbound.cli.verify_ending import status_of_found, warn_of_state
from aegis_batch.adapters.inbound.cli.verify_json import verified_as_json
from aegis_batch.adapters.inbound.cli.verify_text import summary_as_text, verified_as_text
from aegis_batch.application.verify import Verified, VerifyRequest
from aegis_batch.domain.calendar import PeriodKind

__all__ = ["verify"]


@click.command(
    epilog="""\b
Examples:
  aegis-batch verify --from 2026-11-01 --to 2026-11-21
  aegis-batch verify --from 2026-01-01 --to 2026-10-31 --period month --output json
  aegis-batch verify --from 2026-11-21 --to 2026-11-21 --all
\b
Verdicts: equal, changed (orders came, went or are others), rejected (orders break a rule now),
missing (the report is not there), conflict (another one is), seal_changed (the seal is not as it
was kept), unknown (could not be read).
\b
Exit status: 0 all equal, 1 something is off; if nothing is: 4, 5 or 6 where nothing could be read,
8 where a part could not.""",
)
@click.option(
    "--from",
    "first",
    metavar="YYYY-MM-DD",
    required=True,
    callback=parse_day,
    help="The first business day of the range.",
)
@click.option(
    "--to",
    "last",
    metavar="YYYY-MM-DD",
    required=True,
    callback=parse_day,
    help="The last business day of the range; it belongs to it.",
)
@click.option(
    "--period",
    type=click.Choice([kind.value for kind in PeriodKind]),
    default=PeriodKind.DAY.value,
    show_default=True,
    help="Verify days, or each week or month that holds a day of the range.",
)
@tenant_option("Verify the periods of this tenant")
@all_option("Verify those of every active tenant; what was never closed is left out")
@output_option
@click.pass_obj
def verify(  # noqa: PLR0913 - one for each option
    services: Services,
    *,
    first: date,
    last: date,
    period: str,
    tenant: str | None,
    everyone: bool,
    output: str,
) -> int:
    """Read closed periods again, derive again, and compare with what was sealed and handed over.

    The report is asked of the Backend, or of the reports' database. Nothing is sent.
    """
    tenants = services.tenants()
    chosen = tenants.some(tenant, everyone=everyone)
    request = VerifyRequest(
        run_id=services.new_run_id(),
        trace_id=services.new_trace_id(),
        first=first,
        last=last,
        kind=PeriodKind(period),
    )
    if chosen is None:
        from aegis_batch.adapters.inbound.cli.verify_everyone import (  # noqa: PLC0415
            verify_everyone,
        )

        return verify_everyone(services, tenants.directory, request, output)
    request = replace(request, tenant=chosen.id, zone_name=chosen.zone_name)
    found: list[Verified] = []
    with services.verification() as use_case:
        count = len(use_case.periods(request))
        for verified in use_case.verify(request, warn_of_state):
            found.append(verified)
            if output == "text":
                write_result(verified_as_text(verified.verification))
    if output == "json":
        write_result(verified_as_json(request, found, count), must_arrive=True)
    else:
        write_result(summary_as_text(found, count))
    return status_of_found(found)
