"""Where sources disagree about WeChat, both behaviours can be chosen.

Each switch is a field; its `choices` are the values it takes, the first being the default.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from wechatlogin.simulator.errors import ControlError


def _switch(*choices: Any) -> Any:
    return field(default=choices[0], metadata={"choices": choices})


@dataclass(frozen=True)
class Switches:
    """The behaviour in force; the defaults follow the newest official page."""

    denial: str = _switch("no_redirect", "redirect_with_state")
    qrconnect_denial: str = _switch("no_redirect", "redirect_with_state")
    state_required: bool = _switch(True, False)
    wechat_browser_required: bool = _switch(True, False)
    code_lifetime: int = _switch(300, 600)
    spent_code: int = _switch(40163, 40029)
    expired_code: int = _switch(40029, 42003)
    foreign_ip: int = _switch(40164, 61004)
    refreshing: str = _switch("fixed", "rotates")
    unionid_in_base_answer: bool = _switch(False, True)
    unionid_with_leading_space: bool = _switch(False, True)
    scope_in_token_answer: bool = _switch(True, False)
    snapshot_identity: str = _switch("virtual", "real")
    snapshot_unionid: str = _switch("shared", "own")
    snapshot_profile: str = _switch("virtual", "48001")
    sex: str = _switch("number", "text")
    customer_messages_after_text: int = _switch(5, 20)
    user_info_quota: int = _switch(5_000_000, 500_000)
    qr_default_expiry: int = _switch(60, 30)
    authorization_event_keys: str = _switch("upper", "lower", "leading_space")
    retried_push_signature: str = _switch("fresh", "same")
    callback_dns: str = _switch("found", "none")
    callback_loss: str = _switch("0%", "100%")
    empty_event_key: str = _switch("present", "absent")

    def changed(self, values: Mapping[str, object]) -> "Switches":
        """Return the switches with `values` set.

        :raise ControlError: if a name is unknown or a value is none of its choices.
        """
        choices = {one.name: one.metadata["choices"] for one in fields(self)}
        for name, value in values.items():
            if name not in choices:
                raise ControlError("unknown_switch", f"没有这个开关：{name}")
            if not any(value == one and type(value) is type(one) for one in choices[name]):
                raise ControlError("wrong_value", f"{name} 只能是 {list(choices[name])}")
        return replace(self, **dict(values))  # type: ignore[arg-type]  # checked just above
