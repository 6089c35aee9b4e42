"""The one authorization server of the process, with all that it takes."""

from wechatlogin.oidc.device_grant import DeviceEndpoint, DeviceGrant
from wechatlogin.oidc.grants import CodeGrant, RefreshGrant, S256Challenge
from wechatlogin.oidc.server import Server

server = Server()
server.register_grant(CodeGrant, [S256Challenge()])
server.register_grant(RefreshGrant)
server.register_grant(DeviceGrant)
server.register_endpoint(DeviceEndpoint)
