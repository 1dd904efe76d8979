"""The staff's admin desk."""
