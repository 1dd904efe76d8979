"""Transfers over the API: cash, payments one by one or a thousand at once, what became of them, and the stream of it all."""
