"""The pages of the counter: cash, payments, what became of them, tills and days."""
