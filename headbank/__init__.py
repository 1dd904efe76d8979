"""The register of banks and the directory it publishes."""
