"""What people do in every SDK's story: agree on a page, and scan the picture of a code."""

import io
import re
from urllib.parse import parse_qs, urlsplit

import requests
import zxingcpp
from PIL import Image

from tests.flows.phones import Browser, Phone
from tests.servers import Simulator

OPEN_HOST = "https://open.weixin.qq.com"
MP_HOST = "https://mp.weixin.qq.com"


def code_from(simulator: Simulator, person: str, authorize_url: str) -> str:
    """Open an SDK's authorize address in somebody's WeChat and return the code that comes back."""
    # An SDK that has the host in its code is opened at the simulator, its query untouched.
    address = authorize_url.replace(OPEN_HOST, simulator.url, 1)
    answer = Phone(person).step(address.partition("#")[0])

    assert authorize_url.endswith("#wechat_redirect")
    assert answer.is_redirect, answer.text
    return parse_qs(urlsplit(answer.headers["Location"]).query)["code"][0]


def scanned_code(simulator: Simulator, person: str, qrconnect_url: str) -> str:
    """Open an SDK's address for websites on a desktop, let somebody scan and confirm there."""
    page = Browser().step(qrconnect_url.replace(OPEN_HOST, simulator.url, 1).partition("#")[0])
    found = re.search(r'src="/connect/qrcode/([0-9A-Za-z_-]+)"', page.text)
    assert found, page.text
    for decision in ("scan", "confirm"):
        body = {"uuid": found[1], "decision": decision}
        simulator.call("POST", f"/simulator/people/{person}/qrconnect", body)

    told = requests.get(
        f"{simulator.url}/connect/l/qrconnect", params={"uuid": found[1]}, timeout=20
    )
    code = re.search(r"wx_code='([0-9A-Za-z]{32})'", told.text)
    assert code, told.text
    return code[1]


def text_of_picture(simulator: Simulator, picture_url: str) -> str:
    """Return what the QR code at this address holds."""
    picture = requests.get(picture_url.replace(MP_HOST, simulator.url, 1), timeout=20)

    assert picture.status_code == 200
    found = zxingcpp.read_barcode(Image.open(io.BytesIO(picture.content)))
    assert found is not None
    return str(found.text)


def paths_called(simulator: Simulator) -> list[str]:
    """Return the paths of all calls since they were last cleared."""
    return [one["path"] for one in simulator.call("GET", "/simulator/calls")]
