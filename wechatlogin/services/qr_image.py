"""Drawing a QR code, as SVG or as PNG."""

import io
import re
from typing import Any

import zxingcpp
from markupsafe import Markup
from PIL import Image

#: How many pixels a module of the PNG is wide.
PNG_SCALE = 8


def draw_svg(text: str) -> Markup:
    """Return a square `<svg>` of a QR code: dark modules on white, with its quiet zone."""
    barcode = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level="M")
    drawn = zxingcpp.write_barcode_to_svg(barcode)
    size = re.search(r'<svg width="(\d+)"', drawn)
    path = re.search(r'<path d="([^"]+)"', drawn)
    if size is None or path is None:
        raise ValueError("the QR code was not drawn as expected")
    return Markup(  # noqa: S704 - digits and drawing commands alone come from outside
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size[1]} {size[1]}" '
        f'shape-rendering="crispEdges" aria-hidden="true" focusable="false">'
        f'<rect width="{size[1]}" height="{size[1]}" fill="#fff"/>'
        f'<path d="{path[1]}" fill="#000"/></svg>'
    )


def draw_png(text: str) -> bytes:
    """Return the same as a PNG, for whom cannot show our SVG."""
    barcode = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level="M")
    # Its type does not say that it is a buffer.
    drawn: Any = zxingcpp.write_barcode_to_image(barcode, scale=PNG_SCALE)
    height, width = drawn.shape
    picture = io.BytesIO()
    pixels = Image.frombytes("L", (width, height), memoryview(drawn).tobytes())
    pixels.convert("1").save(picture, "PNG")
    return picture.getvalue()
