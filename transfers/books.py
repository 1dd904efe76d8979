"""Holding the transfers against the ledger: every posting has its transfer, every transfer exactly the postings its status means."""
