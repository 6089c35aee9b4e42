"""How a code's message goes, as a person sees it: one message, and a page that tells the truth."""

import re
from concurrent.futures import ThreadPoolExecutor

from tests.conftest import Installation
from tests.flows.phones import Phone

TEMPLATE_PATH = "/cgi-bin/message/template/send"


def a_follower(installation: Installation) -> str:
    person = installation.simulator.add_person()
    installation.simulator.follow(person, installation.account.appid)
    return person


def code_page(installation: Installation, phone: Phone) -> str:
    page = phone.open(f"{installation.url}/api/wechat/auth?state=code")
    assert page.status_code == 200
    return page.text


def sent(installation: Installation, person: str) -> list[str]:
    chat = installation.simulator.chat(person, installation.account.appid)
    return [one["text"] for one in chat if one["kind"] in {"template", "custom"}]


def test_a_page_that_is_loaded_again_and_again_sends_one_message(
    installation: Installation,
) -> None:
    person = a_follower(installation)
    phone = Phone(person)

    pages = [code_page(installation, phone) for _ in range(3)]

    assert all("验证码已发送到微信" in page for page in pages)
    assert len(sent(installation, person)) == 1


def test_pages_that_are_loaded_at_the_same_time_send_one_message(
    installation: Installation,
) -> None:
    person = a_follower(installation)
    installation.simulator.fault(TEMPLATE_PATH, "slow", delay=0.5, times=1)

    with ThreadPoolExecutor(3) as pool:
        opened = [pool.submit(code_page, installation, Phone(person)) for _ in range(3)]
        pages = [page.result() for page in opened]

    assert all("验证码已发送到微信" in page for page in pages)
    assert len(sent(installation, person)) == 1


def test_without_an_answer_of_wechat_the_page_shows_the_code_and_says_what_may_come(
    installation: Installation,
) -> None:
    person = a_follower(installation)
    Phone(person).open(f"{installation.url}/login")
    installation.simulator.fault(TEMPLATE_PATH, "truncate", times=1)

    page = code_page(installation, Phone(person))

    assert "微信没有及时回应" in page
    messages = sent(installation, person)
    assert len(messages) == 1
    code = re.search(r"[1-9][0-9]{5}", messages[0])
    assert code
    assert code[0] in re.sub(r"<[^>]+>|\s", "", page)
