"""Small programs that take their settings from a recipe, and do what the big one does with them."""
