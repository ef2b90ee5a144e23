"""Notices over HTTP: messages to a chat's webhook, and the heartbeat to a dead man's switch."""

import json
from datetime import UTC

import httpx

from aegis_batch.adapters.outbound.http.client import quieten_libraries, tls_context
from aegis_batch.adapters.outbound.http.deadline import DeadlineTransport
from aegis_batch.adapters.outbound.http.errors import HTTPX_ERRORS, Failure, failure_of
from aegis_batch.adapters.outbound.http.notice_address import check_notice_address
from aegis_batch.domain.errors import NoticeUndelivered
from aegis_batch.domain.notice import Notice, NoticeKind

__all__ = ["HttpNotifier"]

_TOLD = {
    Failure.NOT_REACHED: ("receiver_unreachable", "can't be reached"),
    Failure.NO_HOST: ("receiver_host_unknown", "names a host that has no address"),
    Failure.UNTRUSTED: ("receiver_untrusted", "shows a certificate that isn't trusted"),
    Failure.NO_TLS: ("receiver_without_tls", "can't be spoken to over TLS"),
    Failure.TIMED_OUT: ("receiver_timed_out", "gave no answer in time"),
    Failure.BROKEN: ("receiver_broke_off", "broke the connection off"),
    Failure.MALFORMED: ("receiver_malformed", "gave an answer that is none"),
}
_REMEDY = "It is tried again later; check {} and what it leads to."


class HttpNotifier:
    """Sends each notice as one request: no redirect is followed, no proxy is asked.

    Both addresses are secrets, and in no error. Messages are POSTed as JSON with ``text``,
    ``event``, ``key`` and ``at``, and ``tenant`` where it is about one; a heartbeat is a GET of its
    address, or of the one with ``/fail`` at the end of its path after a failed night. Any status
    from 200 to 299 means delivered.
    """

    def __init__(
        self,
        *,
        notify_url: str | None,
        heartbeat_url: str | None,
        user_agent: str,
        timeout_seconds: float = 10.0,
    ) -> None:
        """Take where messages and heartbeats go, ``None`` for nowhere, and the time for each.

        Raises ``InvalidRequest`` for an address that is unfit.
        """
        self._notify = None if notify_url is None else check_notice_address(notify_url)
        self._heartbeat = None if heartbeat_url is None else check_notice_address(heartbeat_url)
        self._user_agent = user_agent
        self._timeout_seconds = timeout_seconds

    def takes(self, kind: NoticeKind) -> bool:
        """Say whether there is an address for this kind."""
        return self._address_of(kind) is not None

    def deliver(self, notice: Notice) -> None:
        """Send a notice once; ``ValueError`` for a kind that it doesn't take: a defect.

        Raises ``NoticeUndelivered``.
        """
        url = self._address_of(notice.kind)
        if url is None:
            raise ValueError(notice.kind)
        status = self._send(url, notice)
        if not httpx.codes.is_success(status):
            raise _undelivered(notice.kind, "receiver_refused", f"answered with {status}")

    def _address_of(self, kind: NoticeKind) -> httpx.URL | None:
        if kind is NoticeKind.MESSAGE:
            return self._notify
        if kind is NoticeKind.NIGHT_FAILED and self._heartbeat is not None:
            return _with_fail(self._heartbeat)
        return self._heartbeat

    def _send(self, url: httpx.URL, notice: Notice) -> int:
        quieten_libraries()
        transport = DeadlineTransport(tls_context(str(url)))
        # Notices are few: a connection that is kept would only be broken by the next one.
        with httpx.Client(
            transport=transport,
            trust_env=False,
            follow_redirects=False,
            timeout=self._timeout_seconds,
            headers={"User-Agent": self._user_agent, "Accept-Encoding": "identity"},
        ) as client:
            try:
                with transport.within(self._timeout_seconds):
                    response = client.send(_request(client, url, notice), stream=True)
                    response.close()
                    return response.status_code
            except HTTPX_ERRORS as error:
                failure = failure_of(error)
                if failure is None:
                    raise
                # What httpx raises knows the address.
                raise _undelivered(notice.kind, *_TOLD[failure]) from None


def _request(client: httpx.Client, url: httpx.URL, notice: Notice) -> httpx.Request:
    if notice.kind is not NoticeKind.MESSAGE:
        return client.build_request("GET", url)
    message = {
        "text": notice.text,
        "event": notice.event,
        "key": notice.key,
        "at": notice.created_at.astimezone(UTC).isoformat(),
    }
    if notice.tenant is not None:
        message["tenant"] = notice.tenant
    body = json.dumps(message, ensure_ascii=True).encode()
    return client.build_request(
        "POST", url, content=body, headers={"Content-Type": "application/json"}
    )


def _with_fail(url: httpx.URL) -> httpx.URL:
    path, mark, query = url.raw_path.partition(b"?")
    return url.copy_with(raw_path=path.rstrip(b"/") + b"/fail" + mark + query)


def _undelivered(kind: NoticeKind, code: str, what: str) -> NoticeUndelivered:
    is_message = kind is NoticeKind.MESSAGE
    variable = "AEGIS_NOTIFY_URL" if is_message else "AEGIS_HEARTBEAT_URL"
    return NoticeUndelivered(code, f"The address in {variable} {what}.", _REMEDY.format(variable))
