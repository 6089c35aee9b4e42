"""The first run: the sorts of accounts, appid and secret, the steps, and the settings."""

from collections.abc import Iterator
from typing import Any

from tests.operator_samples.doctor import FINDINGS
from tests.operator_samples.wechat_apps import ONCE, VALUE

BEGUN = {"name": "Morning Books", "kind_text": "Test account", "url": "/operator/setup/wx1"}
KINDS = [
    {
        "name": name,
        "how_to_tell": "Its page says so.",
        "rights_text": "People log in by a number.",
        "missing_text": missing,
        "url": f"/operator/setup/account?kind={name}",
    }
    for name, missing in (("service", None), ("personal", "More needs a service account."))
]
ACCOUNT = {
    "kind": "service",
    "kind_text": "Certified service account",
    "where": "On the page of the settings.",
    "values": {},
    "errors": {},
    "action": "/operator/setup/account",
    "back_url": "/operator/setup",
}
STEP = {
    "key": "secret",
    "title": "AppID and AppSecret",
    "state": "success",
    "state_text": "WeChat takes them.",
    "at": "token",
    "lines": ["Put our address on the list."],
    "to_paste": [],
    "post_url": None,
    "link_url": "/operator/wechat-apps/wx1/edit",
    "link_label": "Change",
    "examine_url": "/operator/setup/wx1/examine/secret#secret",
    "findings": [],
}
CALLBACK = {
    **STEP,
    "key": "callback",
    "title": "WeChat's messages",
    "state": "error",
    "state_text": "A push was refused.",
    "to_paste": [VALUE, ONCE],
    "post_url": "/operator/setup/wx1/token",
    "post_label": "Another Token",
    "examine_url": "/operator/setup/wx1/examine/callback#callback",
}
DOMAIN = {
    **STEP,
    "key": "domain",
    "title": "Domain",
    "state": "warning",
    "state_text": "Not shown yet.",
    "to_paste": [{**VALUE, "name": "domain"}],
    "link_url": None,
    "examine_url": "/operator/setup/wx1/examine/domain#domain",
    "upload_url": "/operator/setup/wx1/files",
    "files": ["MP_verify_bU7m2R3kQ0r1oQdB.txt"],
}
STEPS = {
    "app": {"name": "Morning Books", "kind_text": "Certified service account"},
    "steps": [STEP, CALLBACK, DOMAIN],
    "errors": {},
    "values": {},
    "live_url": "/operator/setup/wx1",
    "application_url": "/operator/setup/wx1/application",
    "application_names": [],
    "app_url": "/operator/wechat-apps/wx1",
    "doctor_url": "/operator/doctor?appid=wx1",
}
DONE = {
    "settings": [VALUE, ONCE],
    "login_url": "/login",
    "steps_url": "/operator/setup/wx1",
}


def samples() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each page at its beginning, later, and with something wrong."""
    yield "operator/setup.html", {"apps": [], "kinds": KINDS}
    yield "operator/setup.html", {"apps": [BEGUN], "kinds": KINDS}
    yield "operator/setup_account.html", ACCOUNT
    wrong = {"errors": {"secret": "WeChat refuses it."}, "values": {"appid": "wx1", "name": "A"}}
    yield "operator/setup_account.html", {**ACCOUNT, **wrong}
    yield "operator/setup_steps.html", STEPS
    later = {"application_names": ["Shop"], "errors": {"file": "No text.", "name": "Too long."}}
    yield "operator/setup_steps.html", {**STEPS, **later}
    examined = [STEP, {**CALLBACK, "findings": FINDINGS}, DOMAIN]
    yield "operator/setup_steps.html", {**STEPS, "steps": examined}
    yield "operator/setup_done.html", DONE
