"""`wechat_apps`: the official accounts and website apps people log in with."""

from datetime import datetime

from sqlalchemy import JSON, Text
from sqlalchemy.orm import Mapped, mapped_column

from wechatlogin.extensions import Base
from wechatlogin.models.types import Exact, RowId, UtcDateTime, one_of
from wechatlogin.wechat.app import AppKind, MessageMode, Right, rights_of


class WeChatAppRow(Base):
    """One WeChat app; its secrets are sealed, see `services/wechat_apps.py`."""

    __tablename__ = "wechat_apps"
    __table_args__ = (one_of("kind", AppKind), one_of("mode", MessageMode))

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    appid: Mapped[str] = mapped_column(Exact(32), unique=True)
    #: What SDKs call the connection to it, such as `our-shop`.
    identifier: Mapped[str | None] = mapped_column(Exact(32), unique=True)
    name: Mapped[str] = mapped_column(Exact(64))
    kind: Mapped[AppKind] = mapped_column(Exact(32))
    mode: Mapped[MessageMode] = mapped_column(Exact(16))
    gh_id: Mapped[str | None] = mapped_column(Exact(32))
    sealed_secret: Mapped[str] = mapped_column(Text)
    sealed_token: Mapped[str | None] = mapped_column(Text)
    sealed_aes_key: Mapped[str | None] = mapped_column(Text)
    open_platform_group: Mapped[str | None] = mapped_column(Exact(64))
    template_id: Mapped[str | None] = mapped_column(Exact(64))
    #: Template field to text, in which `{code}` and `{minutes}` are filled in.
    template_fields: Mapped[dict[str, str] | None] = mapped_column(JSON)
    #: What the account's own QR holds; made on first need where the account may make one.
    follow_url: Mapped[str | None] = mapped_column(Exact(256))
    #: Where pushes go that are not ours to answer.
    forward_url: Mapped[str | None] = mapped_column(Exact(512))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    def has(self, right: Right) -> bool:
        """Tell whether an account of this kind has a right."""
        return right in rights_of(AppKind(self.kind))
