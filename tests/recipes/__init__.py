"""docs/recipes: what the pages say is taken from them as it stands, and run where it can be."""
