"""The doctor: walks through the set-up step by step, and says what is wrong and what helps.

    finding       the steps, and what one brings: right, wrong or can't tell, why, what to do
    examination   what the steps share
    course        the order of the steps; whatever breaks in one, the others go on
    front         settings · proxies · cookies
    reach         PUBLIC_URL · its certificate · the clock
    storage       the database · Redis
    credentials   AppID and AppSecret · the white list · who else renews the token
    callback      the callback URL · WeChat's check of it · real pushes · their mode
    domain        the files by which WeChat checks the domain
    rights        the rights of the account · its message template
    troubleshooting   docs/troubleshooting.md

Nothing it does harms a login: it asks for the token in force, makes a QR code that nobody sees, and
sends nobody anything. No finding holds a secret.
"""

from wechatlogin.services.doctor.course import (
    AppFindings,
    Report,
    examine_all,
    examine_app,
    examine_installation,
    look_for_push,
)
from wechatlogin.services.doctor.examination import Arrival
from wechatlogin.services.doctor.finding import TITLES, Finding, State, Step

__all__ = [
    "TITLES",
    "AppFindings",
    "Arrival",
    "Finding",
    "Report",
    "State",
    "Step",
    "examine_all",
    "examine_app",
    "examine_installation",
    "look_for_push",
]
