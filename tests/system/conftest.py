"""The servers of the integration tests, for tests that need more than locked packages."""

from tests.integration.conftest import database, postgres, wiremock, wiremock_server

__all__ = ["database", "postgres", "wiremock", "wiremock_server"]
