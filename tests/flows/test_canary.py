"""I8: no log, page or dump holds a secret, whatever happens.

The service runs with canaries for secrets, goes through logins and failures, and everything that
it wrote is searched for them.
"""

import re
from itertools import chain
from urllib.parse import parse_qs, urlsplit

from tests import databases
from tests.conftest import OPERATOR_PASSWORD, Installation, Installer
from tests.flows.phones import Browser, Phone
from tests.flows.shop import Shop, open_shop
from tests.sdks.stories import scanned_code
from tests.servers import SECRET_KEY
from wechatlogin.wechat.app import AppKind


def go_through_everything(installation: Installation) -> tuple[list[str], list[str]]:
    """Return the pages that were shown, and the secrets that came up on the way."""
    simulator, appid = installation.simulator, installation.account.appid
    person = simulator.add_person()
    simulator.follow(person, appid)
    phone, desktop, operator = Phone(person), Browser(), Browser()
    callback = phone.until(f"{installation.url}/api/wechat/auth?state=code", "?code=")
    pages = [
        phone.open(callback).text,
        desktop.open(f"{installation.url}/login").text,
        phone.open(f"{installation.url}/login").text,
        operator.submit(
            operator.open(f"{installation.url}/operator/login"),
            name="operator",
            password=OPERATOR_PASSWORD,
        ).text,
    ]
    for mode in ("http_500", "html", "truncate", "garbage", "reset"):
        simulator.fault("/sns/oauth2/access_token", mode, times=1)
        pages.append(Phone(person).open(f"{installation.url}/login").text)
    simulator.fault("/cgi-bin/stable_token", "errcode", errcode=40125, times=5)
    pages.append(Phone(person).open(f"{installation.url}/api/wechat/auth?code=x&state=y").text)
    code = re.search(r"[1-9][0-9]{5}", simulator.chat(person, appid)[-1]["text"])
    wechat_code = re.search(r"[?&]code=([^&]+)", callback)
    assert code
    assert wechat_code
    came_up = [
        code[0],
        wechat_code[1],
        phone.cookies["wechatlogin-session"],
        phone.cookies["wechatlogin-browser"],
        operator.cookies["wechatlogin-operator"],
    ]
    return pages, came_up


def log_in_by_website(installation: Installation) -> tuple[str, list[str]]:
    """Return the page after a login with the website app, and the secrets of the way there."""
    person, desktop = installation.simulator.add_person(), Browser()
    start = f"{installation.url}/login/website?display=page"
    page = desktop.until(start, "/connect/qrconnect")
    code = scanned_code(installation.simulator, person, page)
    state = parse_qs(urlsplit(page).query)["state"][0]
    shown = desktop.open(f"{installation.url}/login/website/return?code={code}&state={state}")
    assert shown.url == f"{installation.url}/account"
    return shown.text, [code, desktop.cookies["wechatlogin-session"]]


def relay_to(shop: Shop) -> str:
    """Return the code that went on to another site."""
    Phone("lin").open(f"{shop.url}/login")
    found = re.search(r"code=([^&]+)", shop.arrivals[-1])
    assert found
    return found[1]


def test_nothing_that_is_written_or_shown_holds_a_secret(install: Installer) -> None:
    installation = install(log_level="DEBUG", apps=[AppKind.SERVICE, AppKind.WEBSITE])

    pages, came_up = go_through_everything(installation)
    page, by_website = log_in_by_website(installation)
    with open_shop(installation) as shop:
        relayed = relay_to(shop)
    installation.service.stop()

    pages.append(page)
    came_up += [*by_website, relayed]
    secrets_of_all = [
        (account.secret, account.token, account.aes_key)
        for account in installation.accounts.values()
    ]
    ours = [*chain(*secrets_of_all), SECRET_KEY, OPERATOR_PASSWORD]
    log = installation.service.log_path.read_text()
    dump = databases.dump(installation.service.settings.database_url)
    shown = "\n".join(pages)
    assert not [secret for secret in [*ours, *came_up] if secret in log]
    assert not [secret for secret in [*ours, *came_up[2:]] if secret in shown]
    # Six digits alone may stand in any long number of the dump.
    assert not [secret for secret in [*ours, *came_up[1:]] if secret in dump]
    assert not re.search(rf"(?<![0-9a-f]){came_up[0]}(?![0-9a-f])", dump)


def test_no_openid_is_in_the_log(install: Installer) -> None:
    installation = install(log_level="DEBUG")
    person = installation.simulator.add_person()
    installation.simulator.follow(person, installation.account.appid)
    Phone(person).open(f"{installation.url}/api/wechat/auth?state=code")
    Phone(person).open(f"{installation.url}/login")
    installation.simulator.send(person, installation.account.appid, "登录")
    for path in ("/sns/userinfo", "/cgi-bin/user/info", "/cgi-bin/message/template/send"):
        installation.simulator.fault(path, "errcode", errcode=40003, times=1)
        Phone(person).open(f"{installation.url}/api/wechat/auth?state=code")
    installation.simulator.unfollow(person, installation.account.appid)

    log = installation.service.log_path.read_text()

    assert '"rule": "/api/wechat/auth"' in log
    assert installation.simulator.openid(person, installation.account.appid) not in log


def test_what_is_about_to_be_printed_is_masked(installation: Installation) -> None:
    settings = installation.service.settings

    assert SECRET_KEY not in repr(settings)
    assert SECRET_KEY not in repr(installation.site)
