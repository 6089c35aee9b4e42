"""Target 6: the same push without Flask and database, beside wechatpy's own functions."""

from collections.abc import Sequence

from pydantic import SecretStr

from benchmarks import results, scans
from benchmarks.baselines.wechatpy_messages import WORDS, Reader
from benchmarks.measuring import Cost, Effort, Spread, compare, in_this_process
from benchmarks.results import Line
from benchmarks.scans import SealedPush
from tests.servers import Account
from wechatlogin import clock
from wechatlogin.services import attempts
from wechatlogin.wechat import messages
from wechatlogin.wechat.app import AppKind, MessageMode, WeChatApp
from wechatlogin.wechat.messages import PassiveReply

#: In a round of some milliseconds: what takes so little time is at the mercy of the moment, and of
#: two sides that take turns so soon the moment is the same.
PUSHES = 100
#: For each round of the others.
ROUNDS = 50
LEAST = 1.7
_REPLY = PassiveReply(WORDS)


def measure(effort: Effort) -> list[Line]:
    """Measure and return the line of the table."""
    account = Account()
    app, reader = _app_of(account), Reader(account.token, account.aes_key, account.appid)
    count = effort.times(PUSHES)

    def sealed() -> list[SealedPush]:
        now = clock.now()
        return [
            scans.seal(account, attempts.new_scene(), scans.new_openid(), now=now)
            for _ in range(count)
        ]

    compared = compare(
        lambda: _answer_ours(app, sealed()),
        lambda: _answer_theirs(reader, sealed()),
        rounds=effort.rounds * ROUNDS,
    )
    ours = tuple(one.cpu for one in compared.ours)
    theirs = tuple(one.cpu for one in compared.theirs)
    faster = Spread.of([other / mine for mine, other in zip(ours, theirs, strict=True)])
    return [
        Line(
            target=6,
            what="the same without the database, in process: check, decrypt, parse, "
            "encrypted reply",
            baseline="wechatpy's own functions",
            measured=f"{faster.written('x')} as fast, "
            f"{results.micros(compared.ours, compared.theirs)}",
            aim=f"at least {LEAST} x as fast",
            is_met=faster.median >= LEAST,
            ours=ours,
            theirs=theirs,
        )
    ]


def _app_of(account: Account) -> WeChatApp:
    return WeChatApp(
        appid=account.appid,
        secret=SecretStr(account.secret),
        kind=AppKind.SERVICE,
        token=SecretStr(account.token),
        aes_key=SecretStr(account.aes_key),
        mode=MessageMode.SAFE,
        gh_id=account.gh_id,
    )


def _answer_ours(app: WeChatApp, pushes: Sequence[SealedPush]) -> Cost:
    now = clock.now()

    def answer_all() -> int:
        for one in pushes:
            push = messages.read_push(app, one.query, one.body, now=now)
            xml = messages.reply_xml(push, _REPLY, now=now)
            messages.seal_reply(app, xml, now=now, nonce=one.query["nonce"])
        return len(pushes)

    return in_this_process(answer_all)


def _answer_theirs(reader: Reader, pushes: Sequence[SealedPush]) -> Cost:
    def answer_all() -> int:
        for one in pushes:
            reader.answer(one.query, one.body)
        return len(pushes)

    return in_this_process(answer_all)
