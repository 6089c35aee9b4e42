"""What the tables guarantee."""
