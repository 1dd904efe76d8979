"""Customers, accounts, cards and holds over the API."""
