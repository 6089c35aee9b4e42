"""The front doors, spoken to as their own clients do."""
