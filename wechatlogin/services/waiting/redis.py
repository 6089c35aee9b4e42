"""The bus of a Redis server: publish and subscribe.

https://redis.io/docs/latest/develop/pubsub/ - a channel belongs to the server and not to one of its
numbered databases, so its name says whose it is.
"""

from collections.abc import Iterable
from typing import Any, ClassVar

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from wechatlogin.services.waiting.listening import ListeningBus
from wechatlogin.vault import sha256_hex

#: Seconds; whoever confirms a login must not wait long for a server that is gone.
_TIMEOUT = 0.5


class RedisBus(ListeningBus):
    """Says ids on a channel that belongs to one installation."""

    client_name: ClassVar[str] = "wechatlogin-wake-ups"

    def __init__(self, url: str, installation: str) -> None:
        super().__init__()
        self._channel = f"wechatlogin:wake:{sha256_hex(installation)[:16]}"
        self._client = redis.Redis.from_url(
            url,
            socket_connect_timeout=_TIMEOUT,
            socket_timeout=_TIMEOUT,
            socket_keepalive=True,
            retry=Retry(NoBackoff(), 0),
            client_name=self.client_name,
            decode_responses=True,
        )
        self._pubsub: Any = None

    def _open(self) -> None:
        self._pubsub = self._client.pubsub(  # type: ignore[no-untyped-call] # it has no annotations
            ignore_subscribe_messages=True
        )
        self._pubsub.subscribe(self._channel)

    def _receive(self, seconds: float) -> Iterable[str]:
        message = self._pubsub.get_message(timeout=seconds)
        return [str(message["data"])] if message else []

    def _say(self, message: str) -> None:
        self._client.publish(self._channel, message)

    def _stop_listening(self) -> None:
        if self._pubsub is not None:
            pubsub, self._pubsub = self._pubsub, None
            pubsub.close()

    def _hang_up(self) -> None:
        self._client.close()

    def _failures(self) -> tuple[type[Exception], ...]:
        return (redis.RedisError, OSError)
