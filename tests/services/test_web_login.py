"""The state that travels through WeChat."""

import re

from wechatlogin.services import attempts


def test_ten_thousand_states_are_unlike_each_other_and_all_permitted() -> None:
    states = {attempts.new_scene() for _ in range(10_000)}

    assert len(states) == 10_000
    # 128 random bits in hex; WeChat permits 128 bytes of letters and digits.
    assert all(re.fullmatch(r"[0-9a-f]{32}", state) for state in states)
