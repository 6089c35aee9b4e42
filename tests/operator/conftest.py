"""Browsers for the operators' pages, as the flows have them."""

from tests.flows.conftest import desktop, new_context, new_phone

__all__ = ["desktop", "new_context", "new_phone"]
