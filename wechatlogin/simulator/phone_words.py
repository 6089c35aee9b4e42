"""The words on the phone's frame, in Chinese and in English; what is said in chats stays as it is.

The Chinese sentence is the key. The page's script has the same table, for what it shows itself.
"""

ENGLISH: dict[str, str] = {
    "手机（微信模拟器）": "Phone (WeChat simulator)",
    "手机": "Phone",
    "模拟器": "Simulator",
    "手机屏幕": "The phone's screen",
    "这是一部假手机，里面是假微信。先在「扫一扫」里扫描登录页的二维码。": (
        "A pretend phone with a pretend WeChat. Start with “Scan”: scan the code on the login page."
    ),
    "谁拿着手机": "Who holds the phone",
    "设备": "Device",
    "Windows 微信": "WeChat for Windows",
    "Mac 微信": "WeChat for Mac",
    "微信": "WeChat",
    "扫一扫": "Scan",
    "还没有公众号。": "No accounts yet.",
    "用 POST /simulator/apps 添加一个，或运行演示。": (
        "Add one with POST /simulator/apps, or run the demo."
    ),
    "返回": "Back",
    "公众号资料": "About this account",
    "消息": "Message",
    "发消息": "Write a message",
    "发送": "Send",
    "公众号": "Account",
    "关注公众号": "Follow",
    "进入公众号": "Open the chat",
    "不再关注": "Unfollow",
    "关注后才能继续。": "Follow the account to go on.",
    "关注后可以收发消息。": "Follow the account to send and get messages.",
    "扫描另一个窗口的二维码": "Scan the code in the other window",
    "最近一次生成的公众号二维码": "The code that was made last",
    "把二维码图片拖到这里，或者直接粘贴（Ctrl+V）": "Drop a picture of a code here, or paste it",
    "选择图片": "Choose a picture",
    "从屏幕取景": "Use the screen",
    "二维码的内容": "What the code holds",
    "或粘贴二维码里的文字": "Or paste the code's text",
    "识别": "Scan text",
    "关闭网页": "Close the page",
    "刷新": "Reload",
    "网页": "Page",
    "当前为快照页，身份是虚拟的": "This is a snapshot page with a made-up person",
    "使用完整服务": "Use the full service",
    "已关注": "Followed",
    "未关注": "Not followed",
    "服务号": "Service account",
    "服务号（未认证）": "Service account, not certified",
    "订阅号": "Subscription account",
    "订阅号（个人）": "Subscription account of a person",
    "测试号": "Test account",
    "查看详情 ›": "Details ›",
    "二维码已过期": "The code has expired",
    "二维码无效": "The code is not valid",
    "二维码的内容：": "The code holds: ",
    "已取消关注": "Unfollowed",
    "出错了": "Something went wrong",
    "还没有创建过二维码": "There is no code yet",
    "图片里没有找到二维码": "There is no code in the picture",
    "没有关注这个公众号，不能给它发消息": "Follow the account before you write to it.",
    "该公众号提供的服务出现故障，请稍后再试": (
        "The service of this account is out of order. Please try again later."
    ),
}


def word(text: str, *, english: bool) -> str:
    """Return a sentence of the frame in the page's language."""
    return ENGLISH[text] if english else text
