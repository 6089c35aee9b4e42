"""`verification_files`: the files by which WeChat checks that a domain is the owner's."""

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from wechatlogin.extensions import Base
from wechatlogin.models.types import Exact, RowId, UtcDateTime


class VerificationFile(Base):
    """One file of a WeChat app, served at the root of our domain."""

    __tablename__ = "verification_files"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    wechat_app_id: Mapped[int] = mapped_column(
        ForeignKey("wechat_apps.id", ondelete="CASCADE"), index=True
    )
    #: Such as `MP_verify_0123456789abcdef.txt`.
    name: Mapped[str] = mapped_column(Exact(64), unique=True)
    content: Mapped[str] = mapped_column(Exact(128))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
