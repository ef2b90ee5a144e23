"""What people are told of a run that failed for good."""

from aegis_batch.domain.outcome import Problem
from aegis_batch.domain.run_record import RunRecord
from aegis_batch.domain.tenant import EVERYONE, SINGLE

__all__ = ["dead_letter_text"]


def dead_letter_text(record: RunRecord, problem: Problem) -> str:
    """Return what failed, for which tenant where there may be others, why, and what to do."""
    tenant = record.key.tenant
    what = f"The {record.job}" if record.job.is_of_a_period else f"The {record.job} job"
    whose = "" if tenant in (SINGLE, EVERYONE) else f" for the tenant {tenant}"
    return (
        f"{what} of {record.key.period}{whose} failed for good ({problem.code})."
        f" Look at it with: aegis-batch dead-letters show {record.id}."
        f" {problem.message} {problem.remedy}"
    )
