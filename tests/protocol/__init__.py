"""The proof of the protocol: whole banks in one thread, every fault drawn from a seed, every promise checked from outside."""
