"""OpenID Connect: the endpoints that applications and browsers ask under `/oidc`."""
