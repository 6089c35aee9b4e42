"""The operators' pages, driven as operators drive them."""
