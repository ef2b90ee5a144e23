"""Services in memory."""

from collections.abc import Collection, Mapping

from aegis_batch.application.ports.service_caller import ServiceAnswer, ServiceCall
from aegis_batch.domain.errors import AegisError, ServiceRefused

__all__ = ["InMemoryServiceCaller"]


class InMemoryServiceCaller:
    """Answers calls by what it was given, and remembers them.

    ``answers`` has for each service what comes of a call.
    """

    def __init__(self, answers: Mapping[str, ServiceAnswer | AegisError]) -> None:
        """Take what each service answers."""
        self.answers = dict(answers)
        self.calls: list[ServiceCall] = []

    def names(self) -> Collection[str]:
        """Return the names of the services that there are."""
        return self.answers.keys()

    def call(self, call: ServiceCall) -> ServiceAnswer:
        """Remember a call, and answer it."""
        if call.service not in self.answers:
            raise ServiceRefused(
                "unknown_service",
                f"There is no service {call.service}.",
                "Register it in AEGIS_SERVICES_FILE, or name another.",
            )
        self.calls.append(call)
        answer = self.answers[call.service]
        if isinstance(answer, AegisError):
            raise answer
        return answer
