"""Tests of the whole system: several banks, real servers, a browser, the architecture."""
