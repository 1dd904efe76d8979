"""Outgoing webhooks: the stream of what happens to transfers, brought to the programs that want it."""
