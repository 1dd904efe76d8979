"""What the site promises to who visits, runs or configures it."""
