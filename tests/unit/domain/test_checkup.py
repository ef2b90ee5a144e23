"""How checks are told, and how they stand together."""

from aegis_batch.domain.checkup import Check, Verdict, worst_of
from aegis_batch.domain.errors import OrdersMisfit

FINE = Check.ok("a", "Fine.")
POOR = Check.warn("b", "Poor.", "Do better.")
BROKEN = Check.fail("c", "Broken.", "Mend it.")


def test_what_is_fine_needs_no_remedy() -> None:
    assert FINE.remedy is None
    assert (POOR.remedy, BROKEN.remedy) == ("Do better.", "Mend it.")


def test_the_worst_check_decides() -> None:
    assert worst_of([]) is Verdict.OK
    assert worst_of([FINE, FINE]) is Verdict.OK
    assert worst_of([FINE, POOR, FINE]) is Verdict.WARN
    assert worst_of([BROKEN, POOR, FINE]) is Verdict.FAIL


def test_a_foreseen_error_brings_its_own_remedy() -> None:
    error = OrdersMisfit("missing_table", "It is missing.", "Make it.")

    assert Check.of("d", error) == Check("d", Verdict.FAIL, "It is missing.", "Make it.")
