"""Why a push was refused, in the words of an operator; `PushRefused.reason` is the phrase."""

from wechatlogin.i18n import msgid

_SIGNATURE = ("wrong signature", "wrong msg_signature", "no token is set")
_MODE = (
    "encrypted in plain mode",
    "plain in safe mode",
    "Encrypt without encrypt_type",
    "unknown encrypt_type",
    "repacked, but not in safe mode",
)
_KEY = ("does not decrypt", "no EncodingAESKey is set")
_TIME = ("timestamp too far from now", "repacked and too far from now")
_OTHER_ACCOUNT = ("for another account",)

_MEANINGS = {
    _SIGNATURE: msgid("签名不正确"),
    _MODE: msgid("加密方式与设置不一致"),
    _KEY: msgid("无法解密"),
    _TIME: msgid("时间相差太多"),
    _OTHER_ACCOUNT: msgid("是发给另一个帐号的"),
}
_ADVICE = {
    _SIGNATURE: msgid("签名不正确：请让这里的令牌(Token)与微信后台的一致。"),
    _MODE: msgid("加密方式与设置不一致：请让这里的消息加解密方式与微信后台的一致。"),
    _KEY: msgid("无法解密：请让这里的 EncodingAESKey 与微信后台的一致。"),
    _TIME: msgid("时间相差太多：请校准这台服务器的时钟。"),
    _OTHER_ACCOUNT: msgid("是发给另一个帐号的：请核对微信后台的服务器地址和这里的原始 ID。"),
}
_ODD = msgid("内容不符合微信的格式")
_ODD_ADVICE = msgid("内容不符合微信的格式，可能不是微信发来的。请用微信后台的「提交」再试一次。")


def check_telling(reason: str) -> bool:
    """Tell whether a refusal shows a set-up that does not fit; anybody can send us nonsense."""
    return any(reason in reasons for reasons in _MEANINGS)


def explain(reason: str) -> str:
    """Return what was wrong, as a Chinese phrase that the page translates."""
    return next((words for reasons, words in _MEANINGS.items() if reason in reasons), _ODD)


def advise(reason: str) -> str:
    """Return what was wrong and what to do, as a Chinese sentence that the page translates."""
    return next((words for reasons, words in _ADVICE.items() if reason in reasons), _ODD_ADVICE)
