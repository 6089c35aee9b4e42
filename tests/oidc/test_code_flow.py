"""The code flow, from the program's page back to it, with tokens in the end."""

from tests.conftest import Installation
from tests.oidc.programs import Program, a_phone


def test_a_program_learns_who_somebody_is(installation: Installation) -> None:
    program = Program(installation)

    tokens = program.log_in(a_phone(installation), scope="openid profile email")

    claims = program.read(tokens["id_token"])
    assert claims["iss"] == program.issuer
    assert claims["aud"] == program.client_id
    assert claims["nonce"] == "the nonce of the program"
    assert claims["amr"] == ["in_wechat"]
    told = program.userinfo(tokens["access_token"]).json()
    assert told["sub"] == claims["sub"]
    assert told["name"] == "林小满"
    assert told["email"] == f"{claims['sub']}@wechat.invalid"
    assert told["email_verified"] is False
