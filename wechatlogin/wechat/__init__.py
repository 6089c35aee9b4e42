"""The platform client: everything that is said to WeChat and heard from it.

No Flask and no database below this line. Services use `client.WeChatClient` to call WeChat and
`messages` to understand what WeChat pushes; the rest is their parts.

    app            an account's credentials, what it is entitled to, and where WeChat is
    client         the one facade for calls
    second_chance  which calls are tried twice; breaker, which are not made for a while
    http           the one door: timeouts, limits, decoding, and the check of `errcode`
    errors         what a failed call means; errcodes is the same as data
    oauth          authorize pages, codes, profiles; profile cleans what people call themselves
    access_token   the account's own token; qrcode, users, sending are the calls that need it
    messages       pushes and the URL check; pushes, envelope, fields, replies are its parts
    forwarding     passes pushes on to the owner's other program; forward_envelope wraps them
    crypto         signatures and AES
    user_agent     which browser is this
"""
