"""What whoever starts the simulator may choose."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True)
class SimulatorSettings:
    """The defaults are WeChat's.

    `qr_base` is the front of the address in a parametric QR code, `open_base` that in the code
    of a website's login (by default the simulator's own, so that a phone can open it); its page
    is answered after `login_hold` when nothing happens. `avatar_base` replaces the simulator's
    own address in `headimgurl`. `open_to_network` lets other machines use the control side and
    the phone, which by default answer to loopback alone.
    """

    qr_base: str = "http://weixin.qq.com"
    open_base: str | None = None
    login_hold: timedelta = timedelta(seconds=25)
    avatar_base: str | None = None
    push_timeout: timedelta = timedelta(seconds=5)
    push_tries: int = 3
    open_to_network: bool = False
    seed: int = 20140808
