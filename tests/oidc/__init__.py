"""OpenID Connect: the provider, as its clients and its attackers meet it."""
