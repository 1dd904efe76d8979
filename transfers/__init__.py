"""Payments between accounts and between banks."""
