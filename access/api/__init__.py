"""Signing in and out, who one is, and the programs that act in the bank, over the API."""
