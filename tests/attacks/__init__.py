"""Attacks that were tried on the running product, each as a test that keeps its door closed."""
