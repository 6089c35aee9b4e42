"""What we are measured against: the least that does the same.

sockets              a bare asyncio server that only holds sockets and wakes them
gevent_waiting       the waiting view on gevent's workers
poll                 a bare Flask view with 60 bytes of JSON
wechatpy_push        Flask and wechatpy: check, decrypt, parse, encrypt
wechatpy_messages    the same without Flask
wechatpy_clients     wechatpy's client in several processes
platform             a WeChat that answers at once and lets only its newest token live
empty                an empty Flask application
authlib_provider     Authlib's own example of an OpenID Connect provider
"""
