"""Looking at an address from outside: our own pages as WeChat's servers see them, and their clock.

Unlike the doors beside it this one takes any answer for an answer: what came is what is to be
judged. It follows no redirect, since WeChat follows none, and reads a few bytes only.
"""

import contextlib
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import urlencode, urlsplit

import certifi
import requests
from requests import adapters
from urllib3 import exceptions as urllib3_exceptions

from wechatlogin.wechat import deadline
from wechatlogin.wechat.http import DirectSession

#: More than any file or echo that WeChat asks for.
LONGEST_BODY = 1024
# What WeChat's servers send.
_HEADERS = {"User-Agent": "Mozilla/4.0", "Accept": "*/*", "Connection": "close"}
#: What OpenSSL calls a certificate whose time is over.
_EXPIRED = 10
_OF_ANOTHER_HOST = 62


@dataclass(frozen=True)
class VisitLimits:
    """How long a look may take."""

    connect: timedelta = timedelta(seconds=2)
    total: timedelta = timedelta(seconds=4)


@dataclass(frozen=True)
class Seen:
    """What an address answered."""

    status: int
    body: bytes
    #: The host that it sends its visitors on to.
    sent_to: str | None = None
    #: What the server says the time is, to the second.
    at: datetime | None = None
    #: How long the answer took.
    took: timedelta = timedelta(0)


class NotSeen(Exception):
    """Nothing usable came from an address; `reason` names the failure, never the address."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class CertificateRefused(NotSeen):
    """There was a certificate, but no browser accepts it."""

    def __init__(self, reason: str, *, is_expired: bool, is_of_another_host: bool) -> None:
        self.is_expired = is_expired
        self.is_of_another_host = is_of_another_host
        super().__init__(reason)


class Visitor:
    """Looks at addresses; `ca_file` names the authorities to trust, where not the usual ones."""

    def __init__(self, limits: VisitLimits | None = None, *, ca_file: str | None = None) -> None:
        self._limits = limits or VisitLimits()
        self._ca_file = ca_file or certifi.where()

    def look(self, url: str, query: Mapping[str, str] | None = None) -> Seen:
        """Return what an address answers to a GET.

        :raise NotSeen: if no answer comes in time.
        """
        address = f"{url}?{urlencode(query)}" if query else url
        try:
            with deadline.within(self._limits.total), DirectSession(1) as session:
                return self._look(session, address)
        except (OSError, ValueError, urllib3_exceptions.HTTPError) as err:
            # Every exception of requests is an OSError, but for an address that is none.
            reason = _name_of(err)
        # Raised out here the exception has no context: requests quotes the whole address in its.
        raise NotSeen(reason)

    def get_certificate_end(self, url: str) -> datetime:
        """Return until when the certificate of an https address is valid.

        :raise CertificateRefused: if it is expired, another host's, or not trusted.
        :raise NotSeen: if nothing there speaks TLS.
        """
        try:
            with deadline.within(self._limits.total), DirectSession(1) as session:
                certificate = self._get_certificate(session, url)
        except ssl.SSLCertVerificationError as err:
            raise CertificateRefused(
                err.verify_message,
                is_expired=err.verify_code == _EXPIRED,
                is_of_another_host=err.verify_code == _OF_ANOTHER_HOST,
            ) from None
        except (OSError, urllib3_exceptions.HTTPError) as err:
            raise NotSeen(_name_of(err)) from None
        seconds_of_end = ssl.cert_time_to_seconds(str(certificate.get("notAfter")))
        return datetime.fromtimestamp(seconds_of_end, UTC)

    def _get_certificate(self, session: requests.Session, url: str) -> Mapping[str, object]:
        """Return what a server shows of itself; it is asked for nothing more."""
        adapter = session.get_adapter(url)
        if not isinstance(adapter, adapters.HTTPAdapter):
            raise TypeError("this is where its connections come from")
        pool = adapter.poolmanager.connection_from_url(url)
        secured = pool.ConnectionCls(
            pool.host,
            pool.port,
            timeout=self._limits.connect.total_seconds(),
            cert_reqs="CERT_REQUIRED",
            ca_certs=self._ca_file,
        )
        with contextlib.closing(secured):
            secured.connect()
            return secured.sock.getpeercert() or {}

    def _look(self, session: requests.Session, address: str) -> Seen:
        limits = self._limits
        with session.get(
            address,
            headers=_HEADERS,
            timeout=(limits.connect.total_seconds(), limits.total.total_seconds()),
            allow_redirects=False,
            stream=True,
            verify=self._ca_file,
        ) as answer:
            return Seen(
                status=answer.status_code,
                body=answer.raw.read(LONGEST_BODY, decode_content=False),
                sent_to=_host_of(answer.headers.get("Location")),
                at=_moment(answer.headers.get("Date")),
                took=answer.elapsed,
            )


def _host_of(location: str | None) -> str | None:
    if location is None:
        return None
    try:
        parts = urlsplit(location)
        return f"{parts.scheme}://{parts.hostname}" if parts.hostname else "/"
    except ValueError:
        return "?"


def _moment(date: str | None) -> datetime | None:
    try:
        at = parsedate_to_datetime(date) if date else None
    except ValueError:
        return None
    return at.astimezone(UTC) if at else None


def _name_of(err: Exception) -> str:
    """Return the innermost error's name, which says most and quotes nothing."""
    cause = err
    while True:
        inner = getattr(cause, "reason", None)
        inner = (
            inner
            if isinstance(inner, Exception)
            else next((one for one in cause.args if isinstance(one, Exception)), None)
        )
        if inner is None:
            return type(cause).__name__
        cause = inner
