"""The tables that social-auth-core asks a program for, in memory."""

import secrets
from typing import Any, ClassVar

from social_core.storage import AssociationMixin, BaseStorage, NonceMixin, UserMixin


class Customer:
    """A person as this program's own table of users has them."""

    is_active = True
    is_authenticated = True
    is_new = False
    social_user: "Link | None" = None

    def __init__(self, username: str, email: str | None = None) -> None:
        self.id = secrets.randbelow(10**9)
        self.username = username
        self.email = email
        self.fullname = ""


class Link(UserMixin):
    """Which of our people a customer is."""

    customers: ClassVar[list[Customer]] = []
    links: ClassVar[list["Link"]] = []

    def __init__(self, user: Customer, uid: str, provider: str) -> None:
        self.user, self.uid, self.provider = user, uid, provider
        self.extra_data = {}

    def save(self) -> None:
        """Keep it: it is in the list already."""

    @classmethod
    def changed(cls, user: Customer) -> None:
        """Keep it: it is in the list already."""

    @classmethod
    def user_model(cls) -> type[Customer]:
        return Customer

    @classmethod
    def username_max_length(cls) -> int:
        return 150

    @classmethod
    def get_username(cls, user: Customer) -> str:
        return user.username

    @classmethod
    def user_exists(cls, *, username: str) -> bool:
        return any(one.username == username for one in cls.customers)

    @classmethod
    def create_user(cls, **given: Any) -> Customer:
        customer = Customer(given["username"], given.get("email"))
        cls.customers.append(customer)
        return customer

    @classmethod
    def get_social_auth(cls, provider: str, uid: str, id_key: str | None = None) -> "Link | None":
        return next((one for one in cls.links if (one.provider, one.uid) == (provider, uid)), None)

    @classmethod
    def create_social_auth(
        cls, user: Customer, uid: str, provider: str, id_key: str = ""
    ) -> "Link":
        link = Link(user, uid, provider)
        cls.links.append(link)
        return link


class State(NonceMixin):
    """States of logins that have been started, each good for one return."""

    kept: ClassVar[set[tuple[str, int, str]]] = set()

    @classmethod
    def use(cls, server_url: str, timestamp: int, salt: str) -> bool:
        cls.kept.add((server_url, timestamp, salt))
        return True

    @classmethod
    def consume(cls, server_url: str, timestamp: int, salt: str) -> bool:
        found = (server_url, timestamp, salt) in cls.kept
        cls.kept.discard((server_url, timestamp, salt))
        return found


class Nonce(AssociationMixin):
    """Nonces that an ID token may come back with, each once."""

    kept: ClassVar[list["Nonce"]] = []

    def __init__(self, issued: Any) -> None:
        self.id = self.handle = issued.handle
        self.issued, self.lifetime = issued.issued, issued.lifetime
        self.assoc_type = issued.assoc_type

    @classmethod
    def store(cls, server_url: str, association: Any) -> None:
        cls.kept.append(cls(association))

    @classmethod
    def get(cls, server_url: str | None = None, handle: str | None = None) -> list["Nonce"]:
        return [one for one in cls.kept if one.handle == handle]

    @classmethod
    def remove(cls, ids_to_delete: list[str]) -> None:
        cls.kept[:] = [one for one in cls.kept if one.id not in ids_to_delete]


class Storage(BaseStorage):
    """All of it, in memory."""

    user = Link
    nonce = State
    association = Nonce
