"""The register over the API of the head bank."""
