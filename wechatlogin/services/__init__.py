"""What people do, as plain functions; `now` and everything else they need are arguments."""
