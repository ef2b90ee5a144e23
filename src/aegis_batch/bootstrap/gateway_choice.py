"""Which of the two takes the reports: what each needs, and what of both can't be meant."""

from collections.abc import Collection, Iterable, Mapping

from aegis_batch.bootstrap.setting_types import ReportGatewayKind, ReportStatusSource

__all__ = ["faults_of_gateways", "needed_with"]

_OF_BACKEND = frozenset({"backend_base_url", "x_service_token"})


def needed_with(kind: ReportGatewayKind, required: Iterable[str]) -> list[str]:
    """Return the fields that are required where reports are taken by one of the two.

    ``required`` names the fields that are where a Backend takes them.
    """
    fields = list(required)
    if kind is ReportGatewayKind.HTTP or _OF_BACKEND.isdisjoint(fields):
        return fields
    return [*(field for field in fields if field not in _OF_BACKEND), "reports_url"]


def faults_of_gateways(values: Mapping[str, object], given: Collection[str]) -> list[str]:
    """Return what is wrong between the fields of the two, each fault led by its variable.

    To name both is no fault where ``AEGIS_REPORT_GATEWAY`` says which one is meant.
    """
    faults = []
    kind, reports = values.get("report_gateway"), values.get("reports_url")
    if reports is not None and kind is not None and "report_gateway" not in given:
        faults.append(
            "AEGIS_REPORT_GATEWAY: is not set, although AEGIS_REPORTS_URL is (Say which of the"
            " two takes the reports: sql, or http for the Backend)"
        )
    if kind is ReportGatewayKind.SQL and values.get("report_status") in (
        ReportStatusSource.TABLE,
        ReportStatusSource.NONE,
    ):
        faults.append(
            "AEGIS_REPORT_STATUS: has no meaning where AEGIS_REPORT_GATEWAY is sql, since the"
            " reports' database is asked itself (Unset it)"
        )
    return faults
