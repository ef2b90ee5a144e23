"""Calls to registered services over HTTP, which never lead anywhere else."""

import ipaddress
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import httpx

from aegis_batch.adapters.outbound.http.client import quieten_libraries, tls_context
from aegis_batch.adapters.outbound.http.connection import check_base_url
from aegis_batch.adapters.outbound.http.deadline import DeadlineTransport, RefusedAddress
from aegis_batch.adapters.outbound.http.errors import HTTPX_ERRORS, Failure, failure_of
from aegis_batch.application.ports.service_caller import ServiceAnswer, ServiceCall
from aegis_batch.domain.errors import AegisError, ServiceRefused, ServiceUnavailable
from aegis_batch.domain.job_status import TIMED_OUT

__all__ = ["HttpServiceCaller", "RegisteredService", "is_forbidden"]

_BODY_BYTES_MAX = 64 * 1024
_PASSING = frozenset({408, 425, 429})
_SERVER_ERROR = 500
# Where clouds keep what a machine may do; none of these is a link-local address.
_METADATA = tuple(
    ipaddress.ip_network(network)
    for network in (
        *("fd00:ec2::254/128", "fd20:ce::254/128"),
        *("100.100.100.200/32", "168.63.129.16/32"),
    )
)
# RFC 6052: its last 32 bits are an address of IPv4.
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_TOLD = {
    Failure.NOT_REACHED: ("service_unreachable", "can't be reached"),
    Failure.NO_HOST: ("service_host_unknown", "has a host without an address"),
    Failure.UNTRUSTED: ("service_untrusted", "shows a certificate that isn't trusted"),
    Failure.NO_TLS: ("service_without_tls", "can't be spoken to over TLS"),
    Failure.TIMED_OUT: (TIMED_OUT, "gave no answer in time"),
    Failure.BROKEN: ("service_broke_off", "broke the connection off"),
    Failure.MALFORMED: ("service_malformed", "gave an answer that is none"),
}


@dataclass(frozen=True, slots=True)
class RegisteredService:
    """Where a service is, and the header that it knows us by, if it asks for one.

    Raises ``InvalidRequest`` for an address that is unfit.
    """

    base_url: str
    header: str = "Authorization"
    credential: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Bring the address into its normal form."""
        object.__setattr__(self, "base_url", check_base_url(self.base_url))


def is_forbidden(address: str) -> bool:
    """Say whether an address is none that a service can have: link-local, metadata, or nobody's."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        found = _embedded_in(found) or found
    return (
        found.is_link_local
        or found.is_multicast
        or found.is_unspecified
        or any(found in network for network in _METADATA if network.version == found.version)
    )


def _embedded_in(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """Return which address of IPv4 one of IPv6 leads to: mapped, or by NAT64 or 6to4."""
    if address in _NAT64:
        return ipaddress.IPv4Address(address.packed[-4:])
    return address.ipv4_mapped or address.sixtofour


class HttpServiceCaller:
    """Calls services, each request on a connection of its own; no proxy is asked."""

    def __init__(self, services: Mapping[str, RegisteredService], user_agent: str) -> None:
        """Take the services by their names."""
        self._services = services
        self._user_agent = user_agent

    def names(self) -> Collection[str]:
        """Return the names of the services that there are."""
        return self._services.keys()

    def call(self, call: ServiceCall) -> ServiceAnswer:
        """Make one request, within its time; see the port."""
        service = self._services.get(call.service)
        if service is None:
            raise _unknown(call.service)
        quieten_libraries()
        url = service.base_url + call.endpoint
        transport = DeadlineTransport(tls_context(url), is_forbidden)
        with httpx.Client(
            transport=transport,
            trust_env=False,
            follow_redirects=False,
            timeout=call.timeout_seconds,
            headers=self._headers(service, call),
        ) as client:
            try:
                with transport.within(call.timeout_seconds):
                    content = None if call.body is None else call.body.encode()
                    request = client.build_request(call.method, url, content=content)
                    response = client.send(request, stream=True)
                    try:
                        return _answer_of(call.service, response)
                    finally:
                        response.close()
            except HTTPX_ERRORS as error:
                raise _failed(call.service, error) from None

    def _headers(self, service: RegisteredService, call: ServiceCall) -> dict[str, str]:
        headers = {
            "User-Agent": self._user_agent,
            "Accept-Encoding": "identity",
            "Idempotency-Key": call.id,
            "X-Correlation-ID": call.correlation_id,
            "X-TENANT-ID": call.tenant,
            "traceparent": f"00-{call.trace_id}-{call.trace_id[:16]}-01",
        }
        if call.body is not None:
            headers["Content-Type"] = "application/json"
        if service.credential is not None:
            headers[service.header] = service.credential
        return headers


def _answer_of(service: str, response: httpx.Response) -> ServiceAnswer:
    status = response.status_code
    if status >= _SERVER_ERROR or status in _PASSING:
        raise ServiceUnavailable(
            "service_failing",
            f"The service {service} answered with {status}.",
            "It is tried again as often as the job says; look into the log of the service.",
        )
    if not httpx.codes.is_success(status):
        what = "a redirect, which is not followed" if response.is_redirect else str(status)
        raise ServiceRefused(
            "service_redirects" if response.is_redirect else "service_refused",
            f"The service {service} answered with {what}.",
            "Mend the endpoint or the payload of the job, or the address of the service.",
        )
    body = b""
    for part in response.iter_bytes():
        body += part
        if len(body) > _BODY_BYTES_MAX:
            break
    text = body[:_BODY_BYTES_MAX].decode("utf-8", "replace").replace("\0", "�")
    return ServiceAnswer(status, text, len(body) > _BODY_BYTES_MAX)


def _failed(service: str, error: Exception) -> AegisError:
    if _is_refused_address(error):
        return ServiceRefused(
            "service_address_forbidden",
            f"The host of the service {service} leads to an address that no service may have.",
            "Mend its address in AEGIS_SERVICES_FILE, or what the name leads to.",
        )
    failure = failure_of(error)
    if failure is None:
        raise error
    code, what = _TOLD[failure]
    return ServiceUnavailable(
        code,
        f"The service {service} {what}.",
        "It is tried again as often as the job says; check its address in AEGIS_SERVICES_FILE.",
    )


def _is_refused_address(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, RefusedAddress):
            return True
        error = error.__cause__ or error.__context__
    return False


def _unknown(service: str) -> ServiceRefused:
    return ServiceRefused(
        "unknown_service",
        f"There is no service {service}.",
        "Register it in AEGIS_SERVICES_FILE, or name another in the job.",
    )
