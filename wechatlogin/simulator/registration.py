"""Setting an account up as its operator does, with WeChat's checks at the moment of submitting."""

from collections.abc import Mapping

from pydantic import ValidationError

from wechatlogin.simulator import domains, pushes
from wechatlogin.simulator.apps import Account, VerificationFile
from wechatlogin.simulator.errors import ControlError
from wechatlogin.simulator.state import Simulation


def register(simulation: Simulation, values: Mapping[str, object]) -> Account:
    """Add an account, or replace the settings of one; its followers stay.

    `mp_verify` ({name, content}) has the file fetched from each domain. The callback URL is
    called before anything is saved, unless `skip_url_check` is true.

    :raise ControlError: if a setting makes no sense or a check fails; nothing is saved then.
    """
    settings = dict(values)
    skip = settings.pop("skip_url_check", False) is True
    file = settings.pop("mp_verify", None)
    try:
        account = Account.model_validate(settings)
        proof = VerificationFile.model_validate(file) if file is not None else None
    except ValidationError as err:
        raise ControlError("bad_app", _explained(err)) from None
    if proof is not None:
        for domain in account.domains:
            domains.verify_file(domain, proof)
    if account.callback_url is not None and not skip:
        pushes.verify_url(simulation, account)
    with simulation.lock:
        simulation.accounts[account.appid] = account
    return account


def _explained(error: ValidationError) -> str:
    """Say what is wrong without the values, among which are secrets."""
    parts = [
        f"{'.'.join(map(str, one['loc'])) or '账号'}：{one['msg']}"
        for one in error.errors(include_input=False, include_url=False)
    ]
    return "；".join(parts)
