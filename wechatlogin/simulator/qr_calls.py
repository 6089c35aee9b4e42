"""`/cgi-bin/qrcode/create`, the picture of a ticket, and what the code's address shows."""

import io

import zxingcpp
from flask import Blueprint, Response, abort, render_template, request
from PIL import Image

from wechatlogin.simulator import gate, state
from wechatlogin.simulator.apps import Right
from wechatlogin.simulator.gate import AccountCall

blueprint = Blueprint("qr_calls", __name__)

PICTURE_SIZE = 430


@gate.account_call(blueprint, "/cgi-bin/qrcode/create", method="POST", right=Right.PARAMETRIC_QR)
def create(call: AccountCall) -> dict[str, object]:
    """Create a parametric QR code."""
    simulation = call.simulation
    now = simulation.clock.now()
    made = simulation.qrcodes.create(
        call.account.appid,
        call.body,
        now=now,
        default_expiry=simulation.switches.qr_default_expiry,
    )
    answer: dict[str, object] = {"ticket": made.ticket}
    if made.expires:
        answer["expire_seconds"] = int((made.expires - now).total_seconds())
    return {**answer, "url": made.url}


@blueprint.get("/cgi-bin/showqrcode")
def picture() -> Response:
    """Draw the code of a ticket as WeChat's JPEG; nobody has to be logged in."""
    simulation = state.current()
    found = simulation.qrcodes.by_ticket(request.args.get("ticket", ""))
    if found is None or not found.alive(simulation.clock.now()):
        abort(404)
    return Response(drawn(found.url), content_type="image/jpg")


@blueprint.get("/q/<qr_id>")
def opened_in_a_browser(qr_id: str) -> str:
    """Explain what the code is, to whoever opens its address instead of scanning it."""
    if state.current().qrcodes.by_id(qr_id) is None:
        abort(404)
    return render_template(
        "simulator/notice.html",
        title="请用微信扫一扫",
        text="这是公众号的带参数二维码，要用微信扫描，不能在浏览器里打开。",
        number=None,
    )


def drawn(text: str) -> bytes:
    """Return a JPEG of 430 by 430 pixels that holds the text as a QR code."""
    barcode = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode)
    pixels = barcode.to_image(scale=8)
    height, width = pixels.shape
    grey = bytes(memoryview(pixels))  # type: ignore[arg-type]  # its stub leaves the buffer out
    image = Image.frombytes("L", (width, height), grey)
    square = image.resize((PICTURE_SIZE, PICTURE_SIZE), Image.Resampling.NEAREST)
    out = io.BytesIO()
    square.save(out, "JPEG", quality=90)
    return out.getvalue()


def read(raw: bytes) -> str | None:
    """Return the text of the QR code in a picture, or None if there is none to be found."""
    try:
        with Image.open(io.BytesIO(raw)) as image:
            found = zxingcpp.read_barcode(image.convert("RGB"))
    except (OSError, ValueError, Image.DecompressionBombError):
        return None
    return found.text if found else None
