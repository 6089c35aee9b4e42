"""The logo of an application: on its pages, under an address that browsers may keep."""

import re
from datetime import timedelta
from io import BytesIO

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from werkzeug.test import TestResponse

from tests.stories import an_account
from wechatlogin import clock
from wechatlogin.services import applications, logos
from wechatlogin.services.applications import NewApplication

DESKTOP = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/142.0.0.0"


@pytest.fixture
def app(empty_app: Flask) -> Flask:
    with empty_app.app_context():
        an_account(empty_app.extensions["wechatlogin"], now=clock.now())
    # A request outside of this context has a `g` of its own, as it has in a server.
    return empty_app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    client = app.test_client()
    client.environ_base["HTTP_USER_AGENT"] = DESKTOP
    return client


def get(client: FlaskClient, path: str) -> TestResponse:
    return client.get(path, base_url="http://127.0.0.1:5000")


@pytest.fixture
def client_id(app: Flask) -> str:
    vault, new = app.extensions["wechatlogin"].vault, NewApplication("<林记>茶铺")
    with app.app_context():
        return applications.create(vault, new, now=clock.now()).client_id


def save(client: FlaskClient, client_id: str, *, later: timedelta = timedelta()) -> None:
    drawn = BytesIO()
    Image.new("RGB", (64, 64), "navy").save(drawn, "PNG")
    with client.application.app_context():
        application = applications.verify(client_id)
        logos.save(application, drawn.getvalue(), now=clock.now() + later)


def logo_in(page: str) -> str:
    [url] = re.findall(r'<img class="mark mark--\w+" src="([^"]+)" alt="">', page)
    return str(url)


def test_the_login_page_shows_the_logo_instead_of_the_letter(
    client: FlaskClient, client_id: str
) -> None:
    before = get(client, f"/login?client_id={client_id}").text
    save(client, client_id)

    page = get(client, f"/login?client_id={client_id}").text
    picture = get(client, logo_in(page))

    assert '<span class="mark mark--small" aria-hidden="true">&lt;</span>' in before
    assert 'aria-hidden="true">&lt;</span>' not in page
    assert "&lt;林记&gt;茶铺" in page
    assert "<林记>" not in before + page
    assert picture.mimetype == "image/png"
    assert Image.open(BytesIO(picture.data)).size == (64, 64)


def test_browsers_keep_the_version_that_they_were_shown(
    client: FlaskClient, client_id: str
) -> None:
    save(client, client_id)
    url = logo_in(get(client, f"/login?client_id={client_id}").text)

    def kept(address: str) -> str:
        answer = get(client, address)
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "Set-Cookie" not in answer.headers
        return answer.headers["Cache-Control"]

    assert kept(url) == "public, max-age=31536000"
    assert kept(url.partition("?")[0]) == "no-store"
    save(client, client_id, later=timedelta(seconds=1))
    assert kept(url) == "no-store"
    assert logo_in(get(client, f"/login?client_id={client_id}").text) != url


def test_where_there_is_no_logo_there_is_no_page(client: FlaskClient, client_id: str) -> None:
    for named in (client_id, "nobody-at-all", "书店"):
        answer = get(client, f"/applications/{named}/logo")

        assert answer.status_code == 404
        assert answer.headers["Cache-Control"] == "no-store"
