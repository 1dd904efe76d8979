"""Joins the apps into one site: settings, urls, health, checks, demo."""
