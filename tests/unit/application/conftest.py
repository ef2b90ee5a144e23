"""A shop for every test of the use cases."""

import pytest

from tests.unit.application.shop import Shop


@pytest.fixture
def shop() -> Shop:
    return Shop()
