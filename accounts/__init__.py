"""The ledger: customers, accounts, cards, holds, postings."""
