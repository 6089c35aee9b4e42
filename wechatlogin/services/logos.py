"""Logos of applications: the pictures that our pages show instead of a letter.

What an operator gives is drawn anew: a square PNG without whatever else was in the file, small
enough for a column. So no picture of somebody else's making is ever served.
"""

import struct
import zlib
from datetime import datetime
from io import BytesIO

from PIL import Image, ImageOps
from sqlalchemy import delete, select

from wechatlogin.errors import LogoRefused
from wechatlogin.extensions import db
from wechatlogin.i18n import msgid
from wechatlogin.models import Application, AuditTag, Logo
from wechatlogin.models.transaction import count_changed, repeatable, write
from wechatlogin.services import audit
from wechatlogin.services.audit import COMMAND_LINE, Actor

#: What may be given: bytes of a file, and pixels of each side once it is opened.
LARGEST_FILE = 1_000_000
LONGEST_SIDE = 4096
#: What is kept: 60 KiB, so that it fits into a BLOB of MariaDB.
LARGEST_PNG = 60 * 1024
#: The first of these whose PNG is small enough; of the last one every PNG is.
SIDES = (256, 192, 128)

_FORMATS = ("PNG", "JPEG", "GIF", "WEBP")
#: What Pillow raises on files that are no picture, or only begin like one.
_BROKEN = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    IndexError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)


@repeatable
def save(application: Application, file: bytes, *, now: datetime, by: Actor = COMMAND_LINE) -> None:
    """Draw an application's logo anew from a file and keep it, instead of the one it had.

    :raise LogoRefused: if the file is larger than 1 MB, no PNG, JPEG, GIF or WebP picture, or has
        more than 4096 pixels on a side.
    """
    png = draw(file)
    with write() as session:
        former = get_version(application)
        session.merge(Logo(application_id=application.id, png=png, saved_at=now))
        _record(application, former, version_of(now), by=by, now=now)


@repeatable
def remove(application: Application, *, now: datetime, by: Actor = COMMAND_LINE) -> bool:
    """Remove an application's logo; False when it has none."""
    with write():
        former = get_version(application)
        if not count_changed(delete(Logo).where(Logo.application_id == application.id)):
            return False
        _record(application, former, None, by=by, now=now)
    return True


def get(application: Application) -> Logo | None:
    """Return an application's logo."""
    query = select(Logo).where(Logo.application_id == application.id)
    return db.session.scalar(query.execution_options(populate_existing=True))


def get_version(application: Application) -> int | None:
    """Return a number that another logo of the same application has not, or None without a logo."""
    query = select(Logo.saved_at).where(Logo.application_id == application.id)
    saved_at = db.session.scalar(query)
    return version_of(saved_at) if saved_at is not None else None


def version_of(saved_at: datetime) -> int:
    """Return the version of a logo that was saved at this moment."""
    return int(saved_at.timestamp() * 1000)


def draw(file: bytes) -> bytes:
    """Return a picture as a square PNG on white, of at most 256 pixels a side and 60 KiB.

    :raise LogoRefused: as `save` says.
    """
    if len(file) > LARGEST_FILE:
        raise LogoRefused(msgid("图片文件不能超过 1 MB。"))
    try:
        picture = _open(file)
    except _BROKEN as err:
        raise LogoRefused from err
    for side in SIDES:
        png = _encode(picture, side)
        if len(png) <= LARGEST_PNG:
            break
    return png


def _record(
    application: Application, before: int | None, after: int | None, *, by: Actor, now: datetime
) -> None:
    """Note which version of the logo there is no more, and which there is now."""
    audit.record_change(
        AuditTag.APPLICATION_SAVED,
        by,
        before={"logo": before},
        after={"logo": after},
        detail=application.client_id,
        now=now,
    )


def _open(file: bytes) -> Image.Image:
    with Image.open(BytesIO(file), formats=_FORMATS) as opened:
        # Nothing but the header has been read yet.
        if max(opened.size) > LONGEST_SIDE:
            raise LogoRefused(msgid("图片的边长不能超过 4096 像素。"))
        upright = ImageOps.exif_transpose(opened).convert("RGBA")
    upright.thumbnail((SIDES[0], SIDES[0]))
    return upright


def _encode(picture: Image.Image, side: int) -> bytes:
    fitted = ImageOps.contain(picture, (side, side)) if max(picture.size) > side else picture
    # A canvas of our own carries nothing over of what the file said about itself.
    square = Image.new("RGBA", (max(fitted.size),) * 2, "white")
    at = ((square.width - fitted.width) // 2, (square.height - fitted.height) // 2)
    square.alpha_composite(fitted, at)
    written = BytesIO()
    square.convert("RGB").save(written, "PNG", optimize=True)
    return written.getvalue()
