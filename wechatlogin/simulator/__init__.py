"""A WeChat platform and a phone, for development, tests and the demo.

It stands in for every WeChat host at once, as strict as WeChat, and keeps everything in memory:
one process, many threads. `create_simulator` makes one; `python -m wechatlogin.simulator` runs it.

    /connect/*  /sns/*  /cgi-bin/*  /q/*   the platform
    /phone                                 the phone, for a person at the keyboard
    /simulator/*                           the control side, for tests and scripts
"""

from flask import Flask

from wechatlogin.simulator import (
    account_tokens,
    avatars,
    browser,
    confirm_page,
    control,
    fault_hooks,
    holder,
    mini_programs,
    oauth,
    people_control,
    phone_page,
    qr_calls,
    qrconnect,
    screen_control,
    sending,
    sns,
    state,
    support,
    users,
)
from wechatlogin.simulator.settings import SimulatorSettings

__all__ = ["SimulatorSettings", "create_simulator"]

LARGEST_REQUEST = 16 * 1024 * 1024


def create_simulator(settings: SimulatorSettings | None = None) -> Flask:
    """Return a simulator of its own: it shares nothing with any other."""
    app = Flask(__name__, static_url_path="/phone/static")
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_REQUEST
    app.extensions[state.EXTENSION] = state.Simulation(settings or SimulatorSettings())
    parts = (
        fault_hooks,
        account_tokens,
        sns,
        mini_programs,
        qr_calls,
        users,
        sending,
        support,
        holder,
        oauth,
        qrconnect,
        confirm_page,
        avatars,
        control,
        people_control,
        screen_control,
        phone_page,
        browser,
    )
    for part in parts:
        app.register_blueprint(part.blueprint)
    return app
