"""Logos: whatever is given, what is kept is a small square PNG of our own drawing."""

import struct
import zlib
from datetime import UTC, datetime, timedelta
from io import BytesIO
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from wechatlogin.errors import LogoRefused
from wechatlogin.services import applications, logos
from wechatlogin.services.applications import NewApplication
from wechatlogin.services.site import Site

NOW = datetime(2026, 11, 21, 3, 4, 5, tzinfo=UTC)
CANARY = "canary of the camera"


def picture(kind: str = "PNG", mode: str = "RGB", size: tuple[int, int] = (300, 100)) -> bytes:
    written = BytesIO()
    Image.new(mode, size, "navy" if mode in {"RGB", "RGBA"} else 1).save(written, kind)
    return written.getvalue()


def noise(side: int) -> bytes:
    written = BytesIO()
    pixels = Random(7).randbytes(side * side * 3)  # noqa: S311 - noise is no secret
    Image.frombytes("RGB", (side, side), pixels).save(written, "PNG")
    return written.getvalue()


def header(width: int, height: int) -> bytes:
    """Return the beginning of a PNG that says how large it would become."""
    said = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = zlib.compress(b"\0" * 64)
    chunks = (said, b"IDAT" + data, b"IEND")
    framed = (
        struct.pack(">I", len(one) - 4) + one + struct.pack(">I", zlib.crc32(one)) for one in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(framed)


def opened(png: bytes) -> Image.Image:
    assert len(png) <= logos.LARGEST_PNG
    image = Image.open(BytesIO(png))
    image.load()
    assert (image.format, image.mode) == ("PNG", "RGB")
    assert image.width == image.height <= 256
    return image


@pytest.mark.parametrize(
    ("kind", "mode"),
    [
        *(("PNG", mode) for mode in ("RGB", "RGBA", "P", "LA", "1", "I;16")),
        *(("JPEG", "RGB"), ("JPEG", "CMYK"), ("GIF", "P"), ("WEBP", "RGBA")),
    ],
)
def test_every_usual_picture_becomes_a_square_png(kind: str, mode: str) -> None:
    assert opened(logos.draw(picture(kind, mode))).size == (256, 256)


def test_a_small_picture_is_not_blown_up_and_a_narrow_one_lies_on_white() -> None:
    image = opened(logos.draw(picture(size=(40, 20))))

    assert image.size == (40, 40)
    assert (image.getpixel((20, 0)), image.getpixel((20, 20))) == ((255, 255, 255), (0, 0, 128))


def test_what_the_picture_does_not_cover_is_white() -> None:
    written = BytesIO()
    Image.new("RGBA", (64, 64), (0, 0, 0, 0)).save(written, "PNG")

    assert opened(logos.draw(written.getvalue())).getpixel((32, 32)) == (255, 255, 255)


def test_a_picture_that_stays_large_becomes_smaller() -> None:
    assert opened(logos.draw(noise(256))).size == (128, 128)


def test_nothing_that_a_file_says_about_itself_is_carried_over() -> None:
    said, written = PngInfo(), BytesIO()
    said.add_text("Comment", CANARY)
    exif = Image.Exif()
    exif[0x010E] = CANARY
    image = Image.new("RGB", (64, 64))
    image.save(written, "PNG", pnginfo=said, exif=exif, icc_profile=CANARY.encode(), dpi=(72, 72))

    drawn = opened(logos.draw(written.getvalue()))

    assert drawn.info == {}


def test_a_picture_that_was_taken_upright_stays_so() -> None:
    image, written, exif = Image.new("RGB", (40, 40), "white"), BytesIO(), Image.Exif()
    image.paste("navy", (0, 0, 40, 20))
    exif[0x0112] = 3
    image.save(written, "PNG", exif=exif)

    assert opened(logos.draw(written.getvalue())).getpixel((20, 30)) == (0, 0, 128)


@pytest.mark.parametrize(
    "file",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"GIF89a",
        picture()[:60],
        picture("TIFF"),
        picture("BMP"),
        b"%PDF-1.7",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n",
        header(4097, 1),
        header(100_000, 100_000),
        header(12_000, 12_000),
        header(0, 1),
        header(16, 16),
        b"\0" * 1_000_001,
    ],
    ids=range(14),
)
def test_what_is_no_picture_or_too_large_is_refused(file: bytes) -> None:
    with pytest.raises(LogoRefused):
        logos.draw(file)


@settings(deadline=None)
@given(
    st.sampled_from([picture(), picture("JPEG"), picture("GIF", "P"), picture("WEBP")]),
    st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), min_size=1, max_size=6),
    st.integers(0, 2000),
)
def test_a_damaged_picture_is_refused_or_drawn(
    file: bytes, flips: list[tuple[int, int]], cut: int
) -> None:
    damaged = bytearray(file[: max(20, cut)])
    for at, value in flips:
        damaged[at % len(damaged)] = value

    try:
        png = logos.draw(bytes(damaged))
    except LogoRefused:
        return

    opened(png)


def test_a_logo_is_kept_replaced_and_removed(storage: Site) -> None:
    made = applications.create(storage.vault, NewApplication("书店"), now=NOW)
    application = applications.verify(made.client_id)
    later = NOW + timedelta(seconds=1)

    assert logos.get_version(application) is None
    logos.save(application, picture(), now=NOW)
    first = logos.get_version(application)
    logos.save(application, noise(128), now=later)

    logo = logos.get(application)
    assert logo is not None
    assert opened(logo.png).size == (128, 128)
    assert logos.get_version(application) == logos.version_of(later) != first
    assert logos.remove(application, now=later)
    assert not logos.remove(application, now=later)
    assert logos.get(application) is None
