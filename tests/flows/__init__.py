"""Whole logins, as people go through them: over real HTTP, in real browsers."""
