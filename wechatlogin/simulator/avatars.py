"""The pictures of people and accounts: a coloured square with the first character of the name."""

import zlib

from flask import Blueprint, Response, render_template

from wechatlogin.simulator import state
from wechatlogin.simulator.state import Simulation

blueprint = Blueprint("avatars", __name__)

COLOURS = ("#07c160", "#10aeff", "#6467f0", "#fa9d3b", "#e75e58", "#2c9678")


@blueprint.get("/avatars/<name>/<int:size>")
@blueprint.get("/avatars/<name>")
def picture(name: str, size: int = 132) -> Response:
    """Draw the avatar; somebody without one, or unknown, gets the grey silhouette."""
    letter = _letter(state.current(), name)
    drawing = render_template(
        "simulator/avatar.svg",
        size=size or 640,
        colour=COLOURS[zlib.crc32(name.encode()) % len(COLOURS)] if letter else "#c8c8c8",
        letter=letter,
    )
    response = Response(drawing, content_type="image/svg+xml")
    response.headers["Cache-Control"] = "max-age=60"
    return response


def _letter(simulation: Simulation, name: str) -> str:
    account = simulation.accounts.get(name)
    if account is not None:
        return account.name[:1]
    person = simulation.people.get(name)
    return person.nickname[:1] if person is not None and person.has_avatar else ""
