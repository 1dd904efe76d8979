"""The pages of customers, accounts, holds and cards: each shows rows of selectors or calls one service."""
