"""wechatpy's client in several processes, each shared by its threads, on a cold cache."""

import multiprocessing
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from threading import Barrier as ThreadBarrier

import requests
from wechatpy import WeChatClient
from wechatpy.exceptions import WeChatException

PATIENCE_SECONDS = 120


@dataclass(frozen=True)
class Account:
    """The account, and the platform that knows it."""

    url: str
    appid: str
    secret: str


def ask_at_once(account: Account, *, processes: int, threads: int) -> int:
    """Create a QR code in each thread of each process at once, and return how many failed."""
    context = multiprocessing.get_context("spawn")
    barrier, failed = context.Barrier(processes), context.Queue()
    started = [
        context.Process(target=_ask, args=(account, threads, barrier, failed))
        for _ in range(processes)
    ]
    for process in started:
        process.start()
    failures = sum(failed.get(timeout=PATIENCE_SECONDS) for _ in started)
    for process in started:
        process.join()
    return failures


def _ask(account: Account, threads: int, barrier: Barrier, failed: "Queue[int]") -> None:
    client = _client_of(account)
    together = ThreadBarrier(threads)

    def create(_: int) -> bool:
        together.wait()
        wish = {"action_name": "QR_STR_SCENE", "action_info": {"scene": {"scene_str": "one"}}}
        try:
            return bool(client.qrcode.create({**wish, "expire_seconds": 120})["url"])
        except (WeChatException, requests.RequestException):
            return False

    barrier.wait(PATIENCE_SECONDS)
    with ThreadPoolExecutor(threads) as pool:
        failed.put(list(pool.map(create, range(threads))).count(False))


def _client_of(account: Account) -> WeChatClient:
    class Client(WeChatClient):
        API_BASE_URL = f"{account.url}/cgi-bin/"

        def fetch_access_token(self) -> object:
            # This one address is spelt out in the SDK, which leaves the method to be replaced.
            asked = {"grant_type": "client_credential", "appid": self.appid, "secret": self.secret}
            return self._fetch_access_token(f"{self.API_BASE_URL}token", asked)

    return Client(account.appid, account.secret)
