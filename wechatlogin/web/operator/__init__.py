"""The operators' pages, below /operator: does WeChat login work, and what do I click.

    access     logging in and out; with `wechat` the only pages that strangers may open
    wechat     the other way in
    me         one's own page: the password, the WeChat, the sessions
    operators  adding operators, their roles and passwords
    applications   the programs; in `application_*` settings, keys and webhooks of one
    audit      who did what; as CSV too
    status     does WeChat login work?
    doctor     and if not, why, and what helps
    setup      from nothing to a login that works, step by step
    wechat_apps    the accounts; with `replies`, `verification_files`, `message_template`
    people     finding them; `person` is one of them, `merges` who may be one person
    desk       what the pages share: the guard, the bar, the answer to errors

A page is a blueprint that `desk.blueprint` makes for a role; who has not the role is refused by it.
"""

from wechatlogin.web.operator import (
    access,
    applications,
    audit,
    doctor,
    me,
    merges,
    message_template,
    operators,
    people,
    person,
    privacy,
    replies,
    setup,
    status,
    verification_files,
    wechat,
    wechat_apps,
)

BLUEPRINTS = (
    access.bp,
    applications.bp,
    audit.bp,
    doctor.bp,
    me.bp,
    merges.bp,
    message_template.bp,
    operators.bp,
    people.bp,
    person.bp,
    privacy.bp,
    replies.bp,
    setup.bp,
    status.bp,
    verification_files.bp,
    wechat.bp,
    wechat_apps.bp,
)
