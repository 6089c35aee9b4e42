"""The way to the owner's other program: one try, no redirect, and an end that is kept.

WeChat waits five seconds for us, so a call has what the caller says is left of them. `deadline`
ends every connect and read in time; a name lookup cannot be ended, so the call is made by a thread
that is left behind when it takes too long. How many calls may be under way is limited: a program
that hangs must not use up the service's own threads.
"""

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import BoundedSemaphore

import requests
from urllib3 import exceptions as urllib3_exceptions

from wechatlogin.errors import ForwardingFailed
from wechatlogin.wechat import deadline, forward_envelope
from wechatlogin.wechat.app import WeChatApp
from wechatlogin.wechat.forward_envelope import Parcel
from wechatlogin.wechat.http import DirectSession
from wechatlogin.wechat.pushes import Push
from wechatlogin.wechat.replies import PassiveReply

_CHUNK = 16 * 1024
# What WeChat's servers send; one connection a push, since a pooled one may have died meanwhile.
_HEADERS = {
    "User-Agent": "Mozilla/4.0",
    "Accept": "*/*",
    "Pragma": "no-cache",
    "Connection": "close",
}


@dataclass(frozen=True)
class ForwardLimits:
    """How long, how much and how many."""

    connect: timedelta = timedelta(seconds=1)
    answer_bytes: int = 64 * 1024
    in_flight: int = 4


class Forwarder:
    """Passes pushes on, and reads what comes back."""

    def __init__(self, limits: ForwardLimits | None = None) -> None:
        self._limits = limits or ForwardLimits()
        self._slots = BoundedSemaphore(self._limits.in_flight)
        self._threads = ThreadPoolExecutor(self._limits.in_flight, "forwarding")

    def forward(
        self, app: WeChatApp, url: str, push: Push, *, now: datetime, patience: timedelta
    ) -> PassiveReply | None:
        """Return what the program at an address replies to a push, or None if it says nothing.

        :raise ForwardingFailed: if it does not take the push in time, or answers nonsense.
        :raise NotConfigured: if the account has no token, or no key for what came encrypted.
        """
        parcel = forward_envelope.write_push(app, url, push, now=now)
        body = self._await(self._start(parcel, patience), patience)
        return forward_envelope.read_reply(app, push, body)

    def close(self) -> None:
        """Take no more pushes."""
        self._threads.shutdown(wait=False)

    def _start(self, parcel: Parcel, patience: timedelta) -> Future[bytes]:
        if patience <= timedelta():
            raise ForwardingFailed("no time left")
        if not self._slots.acquire(blocking=False):
            raise ForwardingFailed("too many under way")
        call = self._threads.submit(self._post, parcel, patience)
        # Not before the thread is free again, which may be after the caller has gone.
        call.add_done_callback(lambda _: self._slots.release())
        return call

    def _await(self, call: Future[bytes], patience: timedelta) -> bytes:
        try:
            return call.result(patience.total_seconds())
        except (OSError, urllib3_exceptions.HTTPError) as err:
            # Every exception of requests is an OSError, and so is the end of our patience.
            reason = type(err).__name__
        # Raised out here the exception has no context: requests quotes the whole address in its.
        raise ForwardingFailed(reason)

    def _post(self, parcel: Parcel, patience: timedelta) -> bytes:
        seconds = (self._limits.connect.total_seconds(), patience.total_seconds())
        with deadline.within(patience), DirectSession(1) as session:
            headers = {**_HEADERS, "Content-Type": parcel.content_type}
            with session.post(
                parcel.url,
                data=parcel.body,
                headers=headers,
                timeout=seconds,
                allow_redirects=False,
                stream=True,
            ) as answer:
                return self._read(answer)

    def _read(self, answer: requests.Response) -> bytes:
        if answer.status_code != requests.codes.ok:
            raise ForwardingFailed(f"HTTP {answer.status_code}")
        if answer.headers.get("Content-Encoding", "identity") != "identity":
            raise ForwardingFailed("compressed")
        received = bytearray()
        while chunk := answer.raw.read1(_CHUNK, decode_content=False):
            received += chunk
            if len(received) > self._limits.answer_bytes:
                raise ForwardingFailed("answer too long")
        return bytes(received)
