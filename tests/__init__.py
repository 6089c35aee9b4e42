"""The tests, laid out as the code they test; the ones here hold for the whole tree."""
