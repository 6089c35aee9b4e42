"""One person for the recipes, in WeChat and at a desktop."""

from tests.relying_parties.conftest import desktop, new_context, new_phone, person, phone

__all__ = ["desktop", "new_context", "new_phone", "person", "phone"]
