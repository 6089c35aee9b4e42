"""What those are answered who know how to ask is what the OpenAPI document says, too."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
import requests
from jsonschema import Draft202012Validator
from jsonschema import ValidationError as SchemaViolated
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from tests.conftest import Installation
from tests.flows.bookshop import register
from tests.flows.desktops import confirm_link
from tests.flows.phones import Phone
from tests.web.test_page_scans import read_svg
from wechatlogin.config import ConfirmPolicy

ORIGIN = "https://shop.example.com"


class Reader:
    """Asks, and holds each answer to the document."""

    def __init__(self, installation: Installation) -> None:
        self.url = installation.url
        self.document = requests.get(f"{self.url}/openapi.json", timeout=20).json()
        resource = DRAFT202012.create_resource(self.document)
        self._registry: Any = Registry().with_resource("document:", resource)

    def ask(self, method: str, path: str, **more: Any) -> requests.Response:
        """Ask `path`, whose parameters are given as `{name}` and by `names`."""
        names = more.pop("names", {})
        answer = requests.request(
            method, self.url + path.format(**names), timeout=30, allow_redirects=False, **more
        )
        self.verify(method, path, answer)
        return answer

    def verify(self, method: str, path: str, answer: requests.Response) -> None:
        """Hold an answer to what is said of its status and its type."""
        responses = self.document["paths"][path][method.lower()]["responses"]
        said = responses.get(str(answer.status_code)) or responses[f"{answer.status_code // 100}XX"]
        media = answer.headers["Content-Type"].split(";")[0]
        content = said["content"].get(media) or said["content"]["*/*"]
        if media == "application/json":
            schema = json.loads(json.dumps(content["schema"]).replace('"#/', '"document:#/'))
            Draft202012Validator(schema, registry=self._registry).validate(answer.json())


@pytest.fixture(scope="module")
def reader(installation: Installation) -> Reader:
    return Reader(installation)


def test_a_scan_on_another_page(installation: Installation, reader: Reader) -> None:
    made = register(installation, ORIGIN, confirm=ConfirmPolicy.TAP)
    page = {"Origin": ORIGIN, "Accept": "application/json"}
    server = {"Authorization": f"Bearer {made.api_key}"}
    form = {"client_id": made.client_id}

    begun = reader.ask("POST", "/api/scan", data=form, headers=page).json()
    names = {"scan_id": begun["id"]}
    reader.ask("POST", "/api/scan/{scan_id}/claim", names=names, headers=page)
    person = installation.simulator.add_person()
    scanned = installation.simulator.scan(person, read_svg(begun["qr"]), follow=True)
    phone = Phone(person)
    reader.ask("GET", "/api/scan/{scan_id}", names=names, headers=page)
    shown = phone.open(confirm_link(scanned))
    reader.verify("GET", "/confirm/{token}", shown)
    phone.submit(shown, decision="confirm")
    claimed = reader.ask("POST", "/api/scan/{scan_id}/claim", names=names, headers=page).json()
    form = {"ticket": claimed["ticket"]}
    first = reader.ask("POST", "/api/scan/ticket", data=form, headers=server)
    second = reader.ask("POST", "/api/scan/ticket", data=form, headers=server)

    assert (first.status_code, second.status_code) == (200, 400)


def test_a_login_on_our_own_page(reader: Reader) -> None:
    session = requests.Session()
    page = session.get(f"{reader.url}/login", headers={"Accept": "text/html"}, timeout=20)
    [attempt_id] = set(re.findall(r"/login/attempts/([0-9a-f]{32})/claim", page.text))

    standing = session.get(f"{reader.url}/login/attempts/{attempt_id}", timeout=20)

    reader.verify("GET", "/login", page)
    reader.verify("GET", "/login/attempts/{attempt_id}", standing)
    assert standing.json()["status"] == "pending"


def test_a_program_with_an_api_key(installation: Installation, reader: Reader) -> None:
    made = register(installation, ORIGIN)
    bearer = {"Authorization": f"Bearer {made.api_key}"}

    nowhere = reader.ask("GET", "/wechat/qrcode", params={"type": "scan-login"}, headers=bearer)
    status = reader.ask("GET", "/api/status")
    wrong = reader.ask("GET", "/api/wechat/user", params={"code": "000000"}, headers=bearer)
    stranger = reader.ask("GET", "/api/user/detail")
    keys = reader.ask("GET", "/oidc/.well-known/jwks.json")

    assert nowhere.status_code == 400
    assert status.json()["success"] is True
    assert wrong.json()["data"] == ""
    assert stranger.json()["code"] == 1001
    assert keys.json()["keys"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 302),
        ("GET", "/account", 302),
        ("GET", "/help", 200),
        ("GET", "/docs", 200),
        ("GET", "/openapi.json", 200),
        ("GET", "/healthz", 200),
        ("GET", "/readyz", 200),
        ("GET", "/operator/login", 200),
        ("GET", "/operator/status", 303),
        ("POST", "/logout", 400),
    ],
)
def test_what_needs_nothing(reader: Reader, method: str, path: str, status: int) -> None:
    assert reader.ask(method, path).status_code == status


@pytest.mark.parametrize(
    "spoil",
    [
        lambda responses: responses.pop("200"),
        lambda responses: responses["200"].update(content={"text/plain": {}}),
        lambda responses: responses["200"]["content"]["application/json"].update(
            schema={"required": ["another field"]}
        ),
    ],
    ids=["status", "type", "schema"],
)
def test_a_document_that_is_not_true_is_found_out(
    installation: Installation, spoil: Callable[[Any], object]
) -> None:
    reader = Reader(installation)
    spoil(reader.document["paths"]["/api/status"]["get"]["responses"])

    with pytest.raises((KeyError, SchemaViolated)):
        reader.ask("GET", "/api/status")
