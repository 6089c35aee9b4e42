"""Existing systems on the wire, one file each: their shapes and their error codes only."""
