"""What the work queue carries is two ids, and nothing else."""

import pytest

from aegis_batch.domain.work_payload import WorkPayload


def test_two_ids_are_a_payload() -> None:
    payload = WorkPayload("0b2a6f5e-3c1d", "0b2a6f5e-3c1d#1.2")

    assert (payload.run_id, payload.work_id) == ("0b2a6f5e-3c1d", "0b2a6f5e-3c1d#1.2")


@pytest.mark.parametrize("unfit", ["", "a\nb", "é", "x" * 201, None, 7, ["r"]])
def test_what_is_no_id_is_refused_and_not_repeated(unfit: object) -> None:
    for run_id, work_id in ((unfit, "w"), ("r", unfit)):
        with pytest.raises(ValueError, match=r"\Amalformed_payload\Z"):
            WorkPayload(run_id, work_id)  # type: ignore[arg-type] # what a queue may hold
