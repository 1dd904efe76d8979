"""Commands of the head bank."""
