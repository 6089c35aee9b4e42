"""Every code of WeChat's, said by the simulator, and what the client makes of it (reference 12)."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr

from tests.servers import TEMPLATE_ID, Account, Simulator
from tests.wechat.error_table import CASES, IDS, SECTION_12, Row
from wechatlogin.services.pauses import AccountBreaker, Pauses
from wechatlogin.wechat import errcodes, errors
from wechatlogin.wechat.access_token import STABLE_PATH, fetch_classic_token, fetch_stable_token
from wechatlogin.wechat.app import AppKind, Platform, WeChatApp
from wechatlogin.wechat.client import WeChatClient
from wechatlogin.wechat.http import Limits, WeChatHTTP
from wechatlogin.wechat.oauth import TOKEN_PATH
from wechatlogin.wechat.sending import TEMPLATE_PATH, TEXT_PATH
from wechatlogin.wechat.users import PATH as USER_PATH

# 23:30 of the 21st in Beijing.
NOW = datetime(2026, 11, 21, 15, 30, tzinfo=UTC)
MIDNIGHT_IN_BEIJING = datetime(2026, 11, 21, 16, 0, tzinfo=UTC)
every_code = pytest.mark.parametrize(("row", "code"), CASES, ids=IDS)


@dataclass
class LiveTokens:
    """The account's token, taken from the simulator whenever it is renewed."""

    fetch: Callable[[], SecretStr]
    renewed: int = 0
    kept: SecretStr | None = None

    def get(self) -> SecretStr:
        self.kept = self.kept or self.fetch()
        return self.kept

    def renew(self, failed: SecretStr) -> SecretStr:
        self.renewed += 1
        self.kept = self.fetch()
        return self.kept


@dataclass(frozen=True)
class Caller:
    """A client of ours at the simulator, and somebody who follows its account."""

    simulator: Simulator
    app: WeChatApp
    http: WeChatHTTP
    person: str
    openid: str
    tokens: LiveTokens = field(init=False)

    def __post_init__(self) -> None:
        tokens = LiveTokens(lambda: fetch_classic_token(self.http, self.app).access_token)
        object.__setattr__(self, "tokens", tokens)

    @property
    def client(self) -> WeChatClient:
        return WeChatClient(self.app, self.http, self.tokens)

    def ask(self) -> None:
        """Make a call that reads."""
        assert self.client.get_follower(self.openid).follows

    def tell(self) -> None:
        """Make a call that does something."""
        data = {"character_string1": "482915", "thing2": "五分钟内有效"}
        self.client.send_template(self.openid, template_id=TEMPLATE_ID, data=data)

    def count(self, path: str) -> int:
        """Return how many calls of a path arrived since the test began."""
        return len(self.simulator.calls(path))

    def texts(self) -> int:
        """Return how many messages arrived in the chat."""
        return len(self.simulator.chat(self.person, self.app.appid))


#: Long enough that no answer is late only because the machine is busy.
READ_SECONDS = 2.5
LATE_SECONDS = 3.0


@pytest.fixture
def http(simulator: Simulator) -> WeChatHTTP:
    read = timedelta(seconds=READ_SECONDS)
    limits = Limits(read=read, total=2 * read)
    return WeChatHTTP(Platform(simulator.url, simulator.url, simulator.url), limits=limits)


@pytest.fixture(scope="module")
def follower(simulator: Simulator) -> tuple[WeChatApp, str, str]:
    """An account, somebody who follows it, and the openid of that person there."""
    account = Account()
    simulator.add_app(account, host="shop.example", callback_url=None)
    person = simulator.add_person()
    simulator.follow(person, account.appid)
    app = WeChatApp(account.appid, SecretStr(account.secret), AppKind.SERVICE)
    return app, person, simulator.openid(person, account.appid)


@pytest.fixture
def caller(simulator: Simulator, http: WeChatHTTP, follower: tuple[WeChatApp, str, str]) -> Caller:
    app, person, openid = follower
    simulator.call("DELETE", "/simulator/calls")
    return Caller(simulator, app, http, person, openid)


def test_the_table_holds_every_code_of_the_reference() -> None:
    listed = set(map(int, SECTION_12.split()))
    in_table = [code for row, code in CASES if row.kind is not errors.UnknownErrcode]

    assert sorted(in_table) == sorted(listed)
    assert len(in_table) == len(set(in_table))


@every_code
def test_a_read_is_repeated_as_the_table_says(caller: Caller, row: Row, code: int) -> None:
    caller.simulator.fault(USER_PATH, "errcode", errcode=code)

    with pytest.raises(row.kind) as caught:
        caller.ask()

    assert caller.count(USER_PATH) == row.reads
    assert caller.tokens.renewed == row.renewals
    assert (caught.value.errcode, caught.value.path) == (code, USER_PATH)
    assert f"errcode={code}" in caught.value.detail
    assert caught.value.rid is not None


@every_code
def test_a_read_succeeds_where_the_trouble_passes(caller: Caller, row: Row, code: int) -> None:
    caller.simulator.fault(USER_PATH, "errcode", errcode=code, times=1)

    if row.reads == 1:
        with pytest.raises(row.kind):
            caller.ask()
    else:
        caller.ask()

    assert caller.count(USER_PATH) == row.reads


@every_code
def test_a_message_is_never_sent_twice(caller: Caller, row: Row, code: int) -> None:
    caller.simulator.fault(TEMPLATE_PATH, "errcode", errcode=code)

    with pytest.raises(row.kind):
        caller.tell()

    # A dead token is refused before anything is done, so that call alone is made again.
    assert caller.count(TEMPLATE_PATH) == row.writes
    assert caller.tokens.renewed == row.renewals
    assert caller.texts() == 0


@every_code
def test_a_code_is_exchanged_once_whatever_is_answered(caller: Caller, row: Row, code: int) -> None:
    caller.simulator.fault(TOKEN_PATH, "errcode", errcode=code)
    # Where a token is fetched, a bad credential is a bad secret.
    kind = errors.OperatorNeeded if row.kind is errors.AccessTokenRejected else row.kind

    with pytest.raises(kind):
        caller.client.exchange_code("a-code")

    assert caller.count(TOKEN_PATH) == 1


@every_code
def test_a_token_is_fetched_again_only_after_trouble_that_passes(
    caller: Caller, row: Row, code: int
) -> None:
    caller.simulator.fault(STABLE_PATH, "errcode", errcode=code)
    kind = errors.OperatorNeeded if row.kind is errors.AccessTokenRejected else row.kind

    with pytest.raises(kind):
        fetch_stable_token(caller.http, caller.app)

    assert caller.count(STABLE_PATH) == (2 if row.name == "transient" else 1)


@every_code
def test_an_operator_reads_what_happened_and_what_helps(row: Row, code: int) -> None:
    known = errcodes.ERRCODES.get(code)
    error = errors.error_for(code, "words of WeChat's", path=USER_PATH)

    assert (known is None) == (row.kind is errors.UnknownErrcode)
    assert known is None or (known.meaning and known.advice)
    assert str(code) in str(error)
    assert "words of WeChat's" in str(error)


@pytest.mark.fault("C-07")
@every_code
def test_a_call_that_can_be_done_without_is_paused_as_long_as_the_table_says(
    row: Row, code: int
) -> None:
    pauses = Pauses()
    until = NOW + row.pause if row.pause is not None else MIDNIGHT_IN_BEIJING

    pauses.pause("wx1", "qr", errors.error_for(code, "", path=USER_PATH), now=NOW)

    assert pauses.check_paused("wx1", "qr", now=until - timedelta(seconds=1))
    assert not pauses.check_paused("wx1", "qr", now=until)
    assert not pauses.check_paused("wx2", "qr", now=NOW)


@pytest.mark.fault("C-07")
@every_code
def test_a_quota_ends_all_calls_of_its_path_and_of_no_other(
    caller: Caller, row: Row, code: int
) -> None:
    breaker = AccountBreaker(Pauses(), caller.app.appid)
    client = WeChatClient(caller.app, caller.http, caller.tokens, breaker=breaker)
    caller.simulator.fault(TEXT_PATH, "errcode", errcode=code)
    for _ in range(3):
        with pytest.raises(row.kind) as caught:
            client.send_text(caller.openid, "hello")

    is_paused = row.kind is errors.QuotaExhausted or code == 45011
    assert caller.count(TEXT_PATH) == (1 if is_paused else 3 * row.writes)
    assert caught.value.errcode == code
    assert client.get_follower(caller.openid).follows


@pytest.mark.fault("C-08")
@every_code
def test_nobody_hammers_the_token_call_with_what_only_the_operator_can_mend(
    row: Row, code: int
) -> None:
    pauses = Pauses()
    error = errors.error_for(code, "", path=STABLE_PATH)

    pauses.note_failure("wx1", error, now=NOW)

    holds = isinstance(error, errors.OperatorNeeded | errors.QuotaExhausted) or code == 45011
    if not holds:
        pauses.verify_open("wx1", STABLE_PATH, now=NOW)
        return
    with pytest.raises(type(error)) as caught:
        pauses.verify_open("wx1", STABLE_PATH, now=NOW + timedelta(seconds=59))
    assert caught.value.errcode == code
    assert caught.value is not error
    pauses.verify_open("wx1", STABLE_PATH, now=NOW + timedelta(days=1, seconds=1))
    pauses.verify_open("wx2", STABLE_PATH, now=NOW)


@pytest.mark.parametrize(
    ("mode", "kind"),
    [
        ("http_500", errors.WeChatDown),
        ("slow", errors.WeChatUnreachable),
        ("reset", errors.WeChatUnreachable),
    ],
)
def test_an_answer_that_did_not_come_is_asked_for_once_more_by_calls_that_read(
    caller: Caller, mode: str, kind: type[errors.PlatformError]
) -> None:
    for path in (USER_PATH, TEMPLATE_PATH, TOKEN_PATH):
        caller.simulator.fault(path, mode, delay=LATE_SECONDS)

    with pytest.raises(kind):
        caller.client.exchange_code("a-code")
    with pytest.raises(kind):
        caller.tell()
    with pytest.raises(kind):
        caller.ask()

    # A slow call is written down when it is answered.
    give_up_at = time.monotonic() + 10
    while caller.count(USER_PATH) < 2 and time.monotonic() < give_up_at:
        time.sleep(0.05)
    assert caller.count(USER_PATH) == 2
    assert caller.count(TEMPLATE_PATH) == 1
    assert caller.count(TOKEN_PATH) == 1


@pytest.mark.parametrize("mode", ["html", "garbage"])
def test_an_answer_that_is_nonsense_is_not_asked_for_again(caller: Caller, mode: str) -> None:
    caller.simulator.fault(USER_PATH, mode)

    with pytest.raises(errors.WeChatGarbled):
        caller.ask()

    assert caller.count(USER_PATH) == 1


def test_the_address_for_the_white_list_is_said(caller: Caller, simulator: Simulator) -> None:
    account = Account()
    simulator.add_app(account, host="shop.example", callback_url=None, ip_whitelist=["203.0.113.9"])
    app = WeChatApp(account.appid, SecretStr(account.secret), AppKind.SERVICE)

    with pytest.raises(errors.OperatorNeeded) as caught:
        fetch_stable_token(caller.http, app)

    assert (caught.value.errcode, caught.value.ip) == (40164, "127.0.0.1")
