"""The operators' pages with something to show; each module holds the samples of one part.

A module has a function `samples()` that yields pairs of a template's name and its context.
"""

import importlib
import pkgutil
from collections.abc import Iterator
from types import MappingProxyType
from typing import Any

#: What every page of theirs has, by the context processor of `web/operator/desk.py`.
DESK = MappingProxyType(
    {
        "bar_entries": [
            {"label": "Status", "url": "/operator/status", "is_current": True},
            {"label": "Applications", "url": "/operator/applications", "is_current": False},
        ],
        "operator_name": "operator",
        "operator_url": "/operator/me",
        "logout_url": "/operator/logout",
    }
)


def samples() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the template and the context of each sample of every part."""
    for module in pkgutil.iter_modules(__path__):
        part = importlib.import_module(f"{__name__}.{module.name}")
        for template, context in part.samples():
            yield template, {**DESK, **context}
