"""Where a login may lead: paths of our own, nothing else."""

import re

LONGEST = 1024
# One slash that no second slash or backslash follows, then printable ASCII without a backslash.
_OWN_PATH = re.compile(r"/(?![/\\])[\x21-\x5b\x5d-\x7e]*\Z")


def check_own_path(path: str) -> bool:
    """Tell whether a browser stays with us when it is sent to this path."""
    return len(path) <= LONGEST and _OWN_PATH.match(path) is not None


def get_own_path(path: str | None) -> str | None:
    """Return the path if it is one of our own."""
    return path if path and check_own_path(path) else None
