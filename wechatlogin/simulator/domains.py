"""Adding a domain: WeChat fetches the MP_verify file from it (reference 9)."""

import requests

from wechatlogin.simulator.apps import VerificationFile
from wechatlogin.simulator.errors import ControlError

PATIENCE = 5
LARGEST_FILE = 1024


def verify_file(domain: str, file: VerificationFile) -> None:
    """Fetch the file from a domain.

    :raise ControlError: unless it is there, as text, without a redirect.
    """
    schemes = ("http", "https") if ":" in domain else ("https", "http")
    if not any(_holds(f"{scheme}://{domain}/{file.name}", file.content) for scheme in schemes):
        raise ControlError("mp_verify_failed", f"在 {domain} 上没有找到校验文件 {file.name}")


def _holds(url: str, content: str) -> bool:
    with requests.Session() as session:
        session.trust_env = False
        try:
            with session.get(url, timeout=PATIENCE, allow_redirects=False, stream=True) as found:
                body = next(found.iter_content(LARGEST_FILE), b"")
                return found.status_code == 200 and body.strip() == content.encode()
        except requests.RequestException:
            return False
