"""Where an error came from: the last place of ours that it came through, and no text of it."""

import json
import re

import pytest

from aegis_batch.domain.calendar import Calendar
from aegis_batch.domain.defect import place_of


def test_the_place_is_the_innermost_of_this_program() -> None:
    with pytest.raises(AttributeError) as raised:
        Calendar("no zone", "no name").business_date(None)  # type: ignore[arg-type]

    assert re.fullmatch(r"aegis_batch\.domain\.calendar:\d+", place_of(raised.value))


def test_an_error_from_elsewhere_has_its_innermost_place() -> None:
    with pytest.raises(ValueError, match="Expecting") as raised:
        json.loads("secret")

    assert place_of(raised.value).startswith("json.decoder:")


def test_an_error_that_was_never_raised_has_no_place() -> None:
    assert place_of(ValueError("secret")) == "an unknown place"
