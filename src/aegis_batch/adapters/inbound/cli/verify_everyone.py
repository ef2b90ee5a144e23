"""``verify --all``: the same range of every tenant, told as it is looked at."""

from aegis_batch.adapters.inbound.cli.exit_status import ExitStatus
from aegis_batch.adapters.inbound.cli.json_text import json_object, json_value
from aegis_batch.adapters.inbound.cli.output import write_result
from aegis_batch.adapters.inbound.cli.services import Services
from aegis_batch.adapters.inbound.cli.verify_ending import status_of_found, warn_of_state
from aegis_batch.adapters.inbound.cli.verify_json import verification_as_json
from aegis_batch.adapters.inbound.cli.verify_text import verified_as_text
from aegis_batch.application.ports.tenant_directory import TenantDirectory
from aegis_batch.application.verify import Verified, VerifyRequest
from aegis_batch.application.verify_everyone import RangeOfEveryone
from aegis_batch.domain.run import CloseKey
from aegis_batch.domain.verification import Verdict

__all__ = ["verify_everyone"]


class _Tally:
    """What came of all, without more of it than the exit status needs."""

    def __init__(self) -> None:
        self.counts = dict.fromkeys(Verdict, 0)
        self.not_closed = 0
        self.kept: dict[tuple[Verdict, object], Verified] = {}

    def leave_out(self, key: CloseKey) -> None:
        del key
        self.not_closed += 1

    def add(self, verified: Verified) -> None:
        self.counts[verified.verification.verdict] += 1
        self.kept.setdefault((verified.verification.verdict, verified.failure), verified)


def verify_everyone(
    services: Services, directory: TenantDirectory, request: VerifyRequest, output: str
) -> int:
    """Verify the range of every tenant, tell of each period, and of them all."""
    tally = _Tally()
    with services.verification() as use_case:
        requests = RangeOfEveryone(use_case, directory, request)
        for verified in use_case.verify_each(requests, warn_of_state, tally.leave_out):
            tally.add(verified)
            told = verified.verification
            write_result(
                verification_as_json(told)
                if output == "json"
                else verified_as_text(told, names_tenant=True)
            )
    write_result(
        _as_json(tally, requests) if output == "json" else _as_text(tally, requests),
        must_arrive=True,
    )
    status = status_of_found(list(tally.kept.values()))
    return ExitStatus.IN_PART if status == ExitStatus.OK and requests.zoneless else status


def _as_text(tally: _Tally, requests: RangeOfEveryone) -> str:
    told = [f"{count:,} {verdict}" for verdict, count in tally.counts.items() if count]
    if tally.not_closed:
        told.append(f"{tally.not_closed:,} not closed")
    tenants = f"{requests.tenants:,} {'tenant' if requests.tenants == 1 else 'tenants'}"
    text = f"{tenants}: {', '.join(told) or 'nothing that was closed'}"
    if requests.zoneless:
        text += f"; {requests.zoneless:,} not looked at, since their time zone is none"
    return text if requests.is_whole else f"{text}; the rest was not looked at"


def _as_json(tally: _Tally, requests: RangeOfEveryone) -> str:
    summary = json_object(
        {
            "tenants": json_value(requests.tenants),
            "verdicts": json_value({verdict.value: n for verdict, n in tally.counts.items()}),
            "notClosed": json_value(tally.not_closed),
            "zoneless": json_value(requests.zoneless),
            "isWhole": json_value(requests.is_whole),
        }
    )
    return json_object({"summary": summary})
