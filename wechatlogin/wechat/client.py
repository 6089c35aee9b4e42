"""The one facade for calling WeChat on behalf of one account.

What is retried, and nothing else: a call with the account's token, once, after WeChat refused that
token (it did nothing then); and reading a profile, a follower or the templates, once, after trouble
that passes (`second_chance`). A code is never exchanged twice.

A call that WeChat has refused for a while (a quota, a secret) is not made meanwhile (`breaker`).
"""

import secrets
from collections.abc import Callable, Mapping
from datetime import timedelta

from pydantic import SecretStr

from wechatlogin.wechat import (
    access_token,
    callback_check,
    errors,
    mini_program,
    oauth,
    qrcode,
    second_chance,
    sending,
    templates,
    users,
)
from wechatlogin.wechat.app import WeChatApp
from wechatlogin.wechat.breaker import AlwaysOpen, Breaker
from wechatlogin.wechat.http import Answer, WeChatHTTP


class WeChatClient:
    """Calls of one account."""

    def __init__(
        self,
        app: WeChatApp,
        http: WeChatHTTP,
        tokens: access_token.AccessTokens,
        *,
        breaker: Breaker | None = None,
    ) -> None:
        self.app = app
        self._http = http
        self._tokens = tokens
        self._breaker = breaker or AlwaysOpen()

    def authorize_url(
        self,
        *,
        redirect_uri: str,
        state: str,
        scope: oauth.Scope,
        extras: Mapping[oauth.Extra, str] = oauth.OWN_EXTRAS,
    ) -> str:
        """Return the page to open inside WeChat.

        :raise RequestRejected: if the state is not 1 to 128 letters and digits.
        """
        return oauth.authorize_url(
            self.app,
            self._http.platform,
            redirect_uri=redirect_uri,
            state=state,
            scope=scope,
            extras=extras,
        )

    def qrconnect_url(
        self, *, redirect_uri: str, state: str, in_frame: bool = False, english: bool = False
    ) -> str:
        """Return the page with the QR code of a website app, for a window or for a frame of ours.

        :raise RequestRejected: if the state is not 1 to 128 letters and digits.
        """
        return oauth.qrconnect_url(
            self.app,
            self._http.platform,
            redirect_uri=redirect_uri,
            state=state,
            in_frame=in_frame,
            english=english,
        )

    def exchange_code(self, code: str) -> oauth.UserGrant:
        """Return what this code grants, in one try.

        :raise LoginMustRestart: if the code is expired, used up or not one of this app's.
        :raise PlatformError: see its subclasses.
        """
        return oauth.exchange_code(self._http, self.app, code)

    def exchange_js_code(self, js_code: str) -> mini_program.MiniProgramGrant:
        """Return whom a code of `wx.login` stands for, in one try.

        :raise LoginMustRestart: if the code is expired, used up or not one of this app's.
        :raise AccountRestricted: if WeChat does not let this person log in.
        :raise PlatformError: see its subclasses.
        """
        return mini_program.exchange_js_code(self._http, self.app, js_code)

    def get_profile(self, grant: oauth.UserGrant, lang: str = "zh_CN") -> oauth.Profile:
        """Return the profile of the person who granted this.

        :raise SnapshotSuspected: if WeChat refuses the profile it had consent for.
        :raise PlatformError: see its subclasses.
        """
        return second_chance.ask_again(lambda: oauth.fetch_profile(self._http, grant, lang=lang))

    def create_qrcode(self, scene: str, lifetime: timedelta) -> qrcode.QRTicket:
        """Return a QR code that reports this scene when it is scanned.

        :raise RequestRejected: if the scene is not 1 to 64 characters or the lifetime odd.
        :raise PlatformError: see its subclasses.
        """
        answer = self._post(qrcode.PATH, qrcode.temporary_request(scene, lifetime))
        return qrcode.read_ticket(answer, asked=lifetime)

    def create_permanent_qrcode(self, scene: str) -> qrcode.PermanentQRTicket:
        """Return one of the account's 100 000 QR codes without end.

        :raise RequestRejected: if the scene is not 1 to 64 characters.
        :raise PlatformError: see its subclasses.
        """
        return qrcode.read_permanent_ticket(
            self._post(qrcode.PATH, qrcode.permanent_request(scene))
        )

    def get_follower(self, openid: str) -> users.Follower:
        """Return whether this person follows the account, and since when.

        :raise RecipientUnreachable: if the openid is not one of this account's.
        :raise WeChatGarbled: if the answer is about somebody else.
        :raise PlatformError: see its subclasses.
        """
        params = {"openid": openid, "lang": "zh_CN"}
        follower = users.read_follower(self._get(users.PATH, params))
        if follower.openid != openid:
            raise errors.WeChatGarbled(path=users.PATH, reason="another person's openid")
        return follower

    def get_templates(self) -> tuple[templates.Template, ...]:
        """Return the account's message templates.

        :raise WeChatGarbled: if the answer holds no list of templates.
        :raise PlatformError: see its subclasses.
        """
        return templates.read_templates(self._get(templates.PATH, {}))

    def check_callback(self) -> callback_check.CallbackCheck:
        """Return how the account's callback URL looks from WeChat's network.

        :raise RequestRejected: if WeChat's console has no such URL.
        :raise PlatformError: see its subclasses.
        """
        return callback_check.read_check(self._post(callback_check.PATH, callback_check.REQUEST))

    def send_template(
        self,
        openid: str,
        *,
        template_id: str,
        data: Mapping[str, str],
        url: str | None = None,
        client_msg_id: str | None = None,
    ) -> str:
        """Send a template message and return its number; a receipt follows as a push.

        :raise RecipientUnreachable: if the person cannot get it (`not_following` says why).
        :raise PlatformError: see its subclasses.
        """
        body = sending.template_request(
            openid, template_id=template_id, data=data, url=url, client_msg_id=client_msg_id
        )
        return sending.read_msgid(self._post(sending.TEMPLATE_PATH, body))

    def send_text(self, openid: str, content: str) -> None:
        """Send a customer-service text.

        :raise MessageTooLong: if it has more than 2048 bytes.
        :raise RecipientUnreachable: if the time or number of messages for this person is over.
        :raise PlatformError: see its subclasses.
        """
        self._post(sending.TEXT_PATH, sending.text_request(openid, content))

    def _get(self, path: str, params: Mapping[str, str]) -> Answer:
        def read(token: str) -> Answer:
            query = {"access_token": token, **params}
            return second_chance.ask_again(lambda: self._http.get(path, query))

        return self._call(path, read)

    def _post(self, path: str, body: Mapping[str, object]) -> Answer:
        return self._call(path, lambda token: self._http.post(path, {"access_token": token}, body))

    def _call(self, path: str, call: Callable[[str], Answer]) -> Answer:
        self._breaker.verify_open(path)
        try:
            return self._with_token(call)
        except errors.PlatformError as err:
            self._breaker.note_failure(err)
            raise

    def _with_token(self, call: Callable[[str], Answer]) -> Answer:
        token = self._tokens.get()
        try:
            return call(token.get_secret_value())
        except errors.AccessTokenRejected:
            fresh = self._tokens.renew(token)
            if _is_same(fresh, token):
                raise
        return call(fresh.get_secret_value())


def _is_same(one: SecretStr, other: SecretStr) -> bool:
    return secrets.compare_digest(
        one.get_secret_value().encode("utf-8"), other.get_secret_value().encode("utf-8")
    )
