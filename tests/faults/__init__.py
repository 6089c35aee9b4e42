"""What the service does when something fails: `docs/reliability.md` lists the cases."""
