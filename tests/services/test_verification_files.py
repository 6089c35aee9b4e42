"""Verification files: what WeChat would take, and nothing that means something else."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.stories import an_account
from wechatlogin.errors import VerificationFileRefused
from wechatlogin.extensions import db
from wechatlogin.models import AuditEntry, AuditTag, VerificationFile, WeChatAppRow
from wechatlogin.models.transaction import write
from wechatlogin.services import verification_files
from wechatlogin.services.site import Site
from wechatlogin.services.verification_files import NewVerificationFile
from wechatlogin.wechat.app import AppKind

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
SIXTEEN = "bU7m2R3kQ0r1oQdB"
OF_ACCOUNT = NewVerificationFile(f"MP_verify_{SIXTEEN}.txt", SIXTEEN)
OF_WEBSITE = NewVerificationFile("1f0a9c7e2b.txt", "9d1b6a7e5c 0b")


def a_website(site: Site) -> WeChatAppRow:
    return an_account(site, now=NOW, appid="wxffffffffffffffff", kind=AppKind.WEBSITE)


def test_a_file_is_found_by_its_exact_name(storage: Site) -> None:
    row = an_account(storage, now=NOW)
    verification_files.save(row, OF_ACCOUNT, now=NOW)

    found = verification_files.get(OF_ACCOUNT.name)

    assert found is not None
    assert (found.content, found.wechat_app_id) == (SIXTEEN, row.id)
    assert verification_files.get(OF_ACCOUNT.name.lower()) is None
    assert verification_files.get(OF_ACCOUNT.name + " ") is None


@pytest.mark.usefixtures("storage")
@given(name=st.text())
def test_whatever_is_asked_for_is_answered(name: str) -> None:
    assert verification_files.get(name) is None
    assert verification_files.get(f"{name}.txt") is None


def test_saving_again_replaces_the_content_and_is_written_down(storage: Site) -> None:
    row = a_website(storage)
    verification_files.save(row, OF_WEBSITE, now=NOW)
    verification_files.save(row, NewVerificationFile(OF_WEBSITE.name, "new"), now=NOW)

    listed = verification_files.get_all()

    assert [(appid, file.content) for appid, file in listed] == [(row.appid, "new")]
    tags = list(db.session.scalars(db.select(AuditEntry.tag)))
    assert tags.count(AuditTag.VERIFICATION_FILE_SAVED) == 2


def test_several_apps_have_several_files_but_not_the_same_one(storage: Site) -> None:
    account, website = an_account(storage, now=NOW), a_website(storage)
    verification_files.save(account, OF_ACCOUNT, now=NOW)
    verification_files.save(website, OF_WEBSITE, now=NOW)

    with pytest.raises(VerificationFileRefused):
        verification_files.save(website, OF_ACCOUNT, now=NOW)

    assert [appid for appid, _ in verification_files.get_all()] == [account.appid, website.appid]


def test_a_file_is_removed_once_and_goes_with_its_app(storage: Site) -> None:
    account, website = an_account(storage, now=NOW), a_website(storage)
    verification_files.save(account, OF_ACCOUNT, now=NOW)
    verification_files.save(website, OF_WEBSITE, now=NOW)

    assert verification_files.remove(OF_ACCOUNT.name, now=NOW)
    assert not verification_files.remove(OF_ACCOUNT.name, now=NOW)
    with write() as session:
        session.delete(website)

    assert db.session.scalars(db.select(VerificationFile)).all() == []


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("robots.txt", "x"),
        ("Robots.TXT", "x"),
        ("ROBOTS.txt", "x"),
        ("security.txt", "x"),
        ("a.html", "x"),
        (".txt", "x"),
        ("a/b.txt", "x"),
        ("../a.txt", "x"),
        ("a.b.txt", "x"),
        ("a b.txt", "x"),
        ("a.txt\n", "x"),
        ("校验.txt", "x"),
        ("a" * 60 + ".txt", "x"),
        ("a.txt", ""),
        ("a.txt", "x\n"),
        ("a.txt", "校验"),
        ("a.txt", "x" * 129),
        ("a.txt", "\x00"),
        ("MP_verify_short.txt", "short"),
        ("mp_verify_bU7m2R3kQ0r1oQdB.txt", "bU7m2R3kQ0r1oQdB"),
        (OF_ACCOUNT.name, "another"),
        (OF_ACCOUNT.name, SIXTEEN + " "),
    ],
)
def test_what_wechat_would_not_take_is_refused(storage: Site, name: str, content: str) -> None:
    for row in (an_account(storage, now=NOW), a_website(storage)):
        with pytest.raises(VerificationFileRefused):
            verification_files.save(row, NewVerificationFile(name, content), now=NOW)

    assert verification_files.get_all() == []


def test_an_official_accounts_file_has_the_name_of_one(storage: Site) -> None:
    with pytest.raises(VerificationFileRefused):
        verification_files.save(an_account(storage, now=NOW), OF_WEBSITE, now=NOW)


def test_the_longest_name_and_content_fit(storage: Site) -> None:
    new = NewVerificationFile("a" * 59 + ".txt", "~" * 128)

    verification_files.save(a_website(storage), new, now=NOW)

    found = verification_files.get(new.name)
    assert found is not None
    assert found.content == new.content


@pytest.mark.parametrize("body", [b"abc", b"abc\n", b"\xef\xbb\xbfabc\r\n", b" abc "])
def test_what_an_editor_adds_is_taken_off_an_upload(body: bytes) -> None:
    assert NewVerificationFile.from_upload("a.txt", body).content == "abc"


def test_an_upload_that_is_no_text_is_refused() -> None:
    with pytest.raises(VerificationFileRefused):
        NewVerificationFile.from_upload("a.txt", "校验".encode())
