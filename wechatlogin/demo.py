"""`make demo`: the service and the simulator, with everything a newcomer needs to log in.

It makes its own settings and database under `instance/`, registers one certified service
account on both sides, and runs the two programs until Ctrl-C.
"""

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import requests
from flask_migrate import upgrade
from pydantic import SecretStr

from wechatlogin import clock, config, create_app
from wechatlogin.config import Environment, Settings
from wechatlogin.services import applications, operators, wechat_apps
from wechatlogin.services.applications import NewApplication
from wechatlogin.services.site import Site
from wechatlogin.services.wechat_apps import NewWeChatApp
from wechatlogin.wechat.app import AppKind, MessageMode

INSTANCE = Path(__file__).parent.parent / "instance"
HOST = "127.0.0.1"
START_SECONDS = 30
STOP_SECONDS = 10
TEMPLATE_ID = "wechatlogin_demo_code_template_0000000000000"
TEMPLATE_FIELDS = {"character_string1": "{code}", "thing2": "{minutes} 分钟内有效"}
#: In WeChat the service account serves, on a desktop either; both know a person as the same one.
KINDS = (AppKind.SERVICE, AppKind.WEBSITE)


class DemoError(Exception):
    """The demo cannot start; the text says why and what to do."""


@dataclass(frozen=True)
class Addresses:
    """Where the two programs listen."""

    port: int
    simulator_port: int

    @property
    def service_url(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def simulator_url(self) -> str:
        return f"http://{HOST}:{self.simulator_port}"


@dataclass(frozen=True)
class Account:
    """One of the demo's WeChat apps, the same on both sides."""

    kind: AppKind
    appid: str
    secret: str
    token: str
    aes_key: str
    gh_id: str

    @classmethod
    def mint(cls, kind: AppKind) -> "Account":
        """Return an account with the shapes that WeChat's have."""
        return cls(
            kind=kind,
            appid="wx" + secrets.token_hex(8),
            secret=secrets.token_hex(16),
            token=secrets.token_hex(16),
            # 43 characters, of which the last carries bits that nobody uses.
            aes_key=secrets.token_hex(22)[:42] + "A",
            gh_id="gh_" + secrets.token_hex(6),
        )


def main() -> int:
    """Run the demo until Ctrl-C and return the exit code."""
    try:
        addresses = Addresses(_port("PORT", 5000), _port("SIMULATOR_PORT", 5001))
        _run(addresses)
    except DemoError as err:
        print(f"make demo: {err}", file=sys.stderr)
        return 1
    return 0


def _run(addresses: Addresses) -> None:
    settings = _settings(addresses)
    accounts = [Account.mint(kind) for kind in KINDS]
    written = _make_data(settings, addresses, accounts)
    programs: list[subprocess.Popen[bytes]] = []
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        programs.append(_start_simulator(addresses))
        programs.append(_start_service(settings))
        _wait_until_up(addresses.simulator_url + "/simulator/people", programs)
        _wait_until_up(addresses.service_url + "/readyz", programs)
        for account in accounts:
            _register(addresses, account, settings)
        _tell(written)
        while all(program.poll() is None for program in programs):
            time.sleep(0.2)
        raise DemoError("one of the two programs has stopped; its reason is above.")
    except KeyboardInterrupt:
        print("\n再见。 / Bye.")
    finally:
        # A second Ctrl-C must not leave one of the two behind.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        _stop(programs)


def _port(name: str, default: int) -> int:
    text = os.environ.get(name) or str(default)
    if not text.isascii() or not text.isdigit() or not 0 < int(text) < 65536:
        raise DemoError(f"{name}={text} is not a port; write for example {name}={default}")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, int(text)))
        except OSError as err:
            raise DemoError(
                f"port {text} of {HOST} cannot be used ({err.strerror}); "
                f"choose another: make demo {name}={int(text) + 1000}"
            ) from err
    return int(text)


def _settings(addresses: Addresses) -> Settings:
    return Settings(
        environment=Environment.DEVELOPMENT,
        secret_key=SecretStr(secrets.token_urlsafe(48)),
        public_url=addresses.service_url,
        trusted_hosts=(f"localhost:{addresses.port}",),
        trusted_proxies=0,
        database_url=f"sqlite:///{INSTANCE / 'demo.db'}",
        redis_url=None,
        site_name="晨光书店",
        bind=f"{HOST}:{addresses.port}",
        # The addresses to open must not scroll away.
        access_log=False,
        wechat_open_url=addresses.simulator_url,
        wechat_api_url=addresses.simulator_url,
        wechat_mp_url=addresses.simulator_url,
        # In a demo everybody comes from one address.
        limit_login="3000 per minute",
        limit_poll="6000 per minute",
        limit_code_tries="100 per 10 minutes",
        limit_code_tries_all="1000 per 10 minutes",
        wechat_avatar_hosts=(f"{HOST}:{addresses.simulator_port}",),
    )


def _make_data(
    settings: Settings, addresses: Addresses, accounts: list[Account]
) -> dict[str, object]:
    INSTANCE.mkdir(mode=0o700, exist_ok=True)
    for leftover in INSTANCE.glob("demo.db*"):
        leftover.unlink()
    app = create_app(settings)
    site: Site = app.extensions["wechatlogin"]
    now = clock.now()
    password = secrets.token_urlsafe(9)
    redirect_uris = (f"{addresses.service_url}/demo/callback", "https://app.example.com/callback")
    with app.app_context():
        upgrade()
        for account in accounts:
            wechat_apps.save(site.vault, _wechat_app(account), now=now)
        made = applications.create(
            site.vault, NewApplication("晨光书店", redirect_uris=redirect_uris), now=now
        )
        operators.save("operator", SecretStr(password), now=now)
    written: dict[str, object] = {
        "service_url": addresses.service_url,
        "simulator_url": addresses.simulator_url,
        "wechat_apps": [
            {
                "appid": account.appid,
                "kind": account.kind.value,
                "callback_url": _callback(addresses, account),
            }
            for account in accounts
        ],
        "application": {**asdict(made), "redirect_uris": redirect_uris},
        "operator": {"name": "operator", "password": password},
    }
    _write_private(INSTANCE / "demo.json", json.dumps(written, ensure_ascii=False, indent=2))
    return written


def _wechat_app(account: Account) -> NewWeChatApp:
    sends_templates = account.kind is AppKind.SERVICE
    return NewWeChatApp(
        appid=account.appid,
        secret=SecretStr(account.secret),
        kind=account.kind,
        name="晨光书店",
        token=SecretStr(account.token),
        aes_key=SecretStr(account.aes_key),
        mode=MessageMode.SAFE,
        gh_id=account.gh_id,
        open_platform_group="demo",
        template_id=TEMPLATE_ID if sends_templates else None,
        template_fields=TEMPLATE_FIELDS if sends_templates else None,
    )


def _callback(addresses: Addresses, account: Account) -> str:
    return f"{addresses.service_url}/api/wechat/{account.appid}"


def _write_private(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text + "\n")


def _start_simulator(addresses: Addresses) -> subprocess.Popen[bytes]:
    port = str(addresses.simulator_port)
    return _start([sys.executable, "-m", "wechatlogin.simulator", "--host", HOST, "--port", port])


def _start_service(settings: Settings) -> subprocess.Popen[bytes]:
    command = [str(Path(sys.executable).parent / "gunicorn"), "-c", "gunicorn.conf.py", "wsgi:app"]
    return _start(command, settings)


def _start(command: list[str], settings: Settings | None = None) -> subprocess.Popen[bytes]:
    environment = dict(os.environ)
    if settings is not None:
        environment.update(config.as_environment(settings))
    # Its own group: Ctrl-C reaches this process, which then stops both in order.
    return subprocess.Popen(  # noqa: S603 - the command is ours, word by word
        command, env=environment, cwd=INSTANCE.parent, start_new_session=True
    )


def _wait_until_up(url: str, programs: list[subprocess.Popen[bytes]]) -> None:
    give_up_at = time.monotonic() + START_SECONDS
    while time.monotonic() < give_up_at:
        if any(program.poll() is not None for program in programs):
            raise DemoError("a program did not start; its reason is above.")
        try:
            if requests.get(url, timeout=2).ok:
                return
        except requests.ConnectionError:
            pass
        time.sleep(0.1)
    raise DemoError(f"{url} did not answer within {START_SECONDS} s.")


def _register(addresses: Addresses, account: Account, settings: Settings) -> None:
    """Do in the simulator what an owner does in WeChat's console; it checks our callback URL."""
    entered = {
        **asdict(account),
        "name": settings.site_name,
        "kind": account.kind.value,
        "mode": "safe",
        "domains": [f"{HOST}:{addresses.port}"],
        "callback_url": _callback(addresses, account),
        "templates": [
            {
                "template_id": TEMPLATE_ID,
                "title": "登录验证码",
                "content": "验证码：{{character_string1.DATA}}\n有效期：{{thing2.DATA}}",
            }
        ],
    }
    answer = requests.post(f"{addresses.simulator_url}/simulator/apps", json=entered, timeout=15)
    if not answer.ok:
        raise DemoError(f"the simulator refuses the account: {answer.text}")


def _tell(written: dict[str, object]) -> None:
    operator = written["operator"]
    if not isinstance(operator, dict):
        raise TypeError("the operator is written as an object")
    print(
        f"""
  打开登录页 / the login page      {written["service_url"]}/login
  模拟手机 / the simulated phone   {written["simulator_url"]}/phone
  运营页 / the operator's page     {written["service_url"]}/operator/status
                                   {operator["name"]}  {operator["password"]}

  在手机页上「扫描另一个窗口的二维码」，点链接，再点电脑上显示的数字。
  On the phone page scan the other window's code, open the link, tap the number shown there.
  instance/demo.json holds the same for scripts. Ctrl-C stops both.
""",
        flush=True,
    )


def _stop(programs: list[subprocess.Popen[bytes]]) -> None:
    for program in programs:
        if program.poll() is None:
            program.terminate()
    for program in programs:
        try:
            program.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            program.kill()


if __name__ == "__main__":
    sys.exit(main())
