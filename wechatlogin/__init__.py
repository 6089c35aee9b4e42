"""wechatlogin: a self-hosted service that logs people in with WeChat."""
