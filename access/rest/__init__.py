"""What every endpoint stands on: who asks, strict input, doing it once, pages, limits, and its description for OpenAPI."""

from access.rest.bodies import Because, Reason, read_body, read_query
from access.rest.endpoint import ANYONE, SIGNED_IN, Endpoint, OpenEndpoint, user_of
from access.rest.pages import Page, page_of, position
from access.rest.problem import Fault, Problem
from access.rest.schema import operation
from access.rest.showing import ShowingOnce

__all__ = [
    "ANYONE",
    "SIGNED_IN",
    "Because",
    "Endpoint",
    "Fault",
    "OpenEndpoint",
    "Page",
    "Problem",
    "Reason",
    "ShowingOnce",
    "operation",
    "page_of",
    "position",
    "read_body",
    "read_query",
    "user_of",
]
