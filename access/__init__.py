"""Who may do what, and doing it only once."""
