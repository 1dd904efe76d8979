"""Commands about transfers."""
