"""Which Chromium opens the pages."""

import os
import shutil

#: The one without windows first: it draws the same pages in a third of the time.
NAMES = ("chromium-headless-shell", "chromium", "google-chrome")


def find_chromium() -> str | None:
    """Return the path of the one that the environment names, or the first on this machine.

    Without one Playwright takes the one that it has brought itself.
    """
    named = os.environ.get("WECHATLOGIN_CHROMIUM")
    return named or next(filter(None, map(shutil.which, NAMES)), None)
