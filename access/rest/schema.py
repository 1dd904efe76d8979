"""Describing an endpoint for OpenAPI: its id is set by hand, its structs become components, its refusals are problems."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import msgspec
from drf_spectacular.drainage import set_override
from drf_spectacular.extensions import OpenApiAuthenticationExtension, OpenApiSerializerExtension
from drf_spectacular.plumbing import ResolvedComponent
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema

from access.errors import (
    DomainError,
    InProgress,
    KeyMissing,
    KeyReused,
    NotAllowed,
    RequestInvalid,
    RequestTooLarge,
    TokenMissing,
    TokenRefused,
    TooManyRequests,
)
from access.rest.examples import example_of
from access.rest.problem import Problem

F = TypeVar("F", bound=Callable[..., Any])
_REFERENCE = "#/components/schemas/{name}"
_SAYS = {200: "Done.", 201: "Made.", 202: "Accepted; ask for its status.", 204: "Done; nothing to say."}
_KEY = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "minLength": 1, "maxLength": 255},
    OpenApiParameter.HEADER,
    required=False,  # with dry_run there is none
    description="Names this request: sent again with the same key it is done once and answered alike. Needed without `dry_run=true`.",
)
_DRY_RUN = OpenApiParameter("dry_run", bool, description="Say what would happen, take no key, change nothing.")


def operation(
    *,
    id: str,  # noqa: A002  # OpenAPI's word
    summary: str,
    tag: str,
    answers: Mapping[int, Any],
    body: Any = None,
    query: type[msgspec.Struct] | None = None,
    is_kept: bool = False,
    refuses: Sequence[type[DomainError]] = (),
    media_type: str = "application/json",
    is_open: bool = False,
) -> Callable[[F], F]:
    """Describe a method. `answers` maps a status to the struct it carries (None: nothing); `is_kept` marks one that uses `once`.

    `refuses` are its own refusals, in the order of checking; those that follow from the rest are added: who may not ask, what cannot
    be read, a key without sense. All codes are the method's `problems`.
    """
    parameters = [*(_parameters(query) if query else ()), *((_KEY, _DRY_RUN) if is_kept else ())]
    codes = [kind.code for kind in (*_usual(is_open=is_open, body=body, query=query, is_kept=is_kept), *refuses)]
    refusals = OpenApiResponse(Problem, description=f"Refused; `code` says why: {', '.join(f'`{code}`' for code in codes)}.")
    failures = OpenApiResponse(Problem, description="An error of ours, or out of work for now; a kept request is repeated with its key.")
    described: Callable[[F], F] = extend_schema(
        operation_id=id,
        summary=summary,
        tags=[tag],
        request={"application/json": body} if body else None,
        parameters=parameters,
        examples=[OpenApiExample(id, example_of(body), request_only=True)] if body else None,
        responses={(status, media_type): _answer(carried, status) for status, carried in answers.items()}
        | {("4XX", "application/problem+json"): refusals, ("5XX", "application/problem+json"): failures},
        extensions={"x-problems": codes},
    )

    def describe(method: F) -> F:
        vars(method)["problems"] = frozenset(codes)
        vars(method)["reads"] = tuple(struct for struct in (body, query) if struct)
        return described(method)

    return describe


def _usual(*, is_open: bool, body: Any, query: Any, is_kept: bool) -> list[type[DomainError]]:
    """Return the refusals that follow from what a method takes, in the order of checking."""
    known: list[type[DomainError]] = [] if is_open else [TokenMissing, TokenRefused, NotAllowed]
    read = [*([RequestTooLarge] if body else []), *([RequestInvalid] if body or query or is_kept else [])]
    return [*known, TooManyRequests, *read, *([KeyMissing, KeyReused, InProgress] if is_kept else [])]


def _answer(carried: Any, status: int) -> OpenApiResponse:
    """Return an answer with an example of what it carries."""
    is_struct = isinstance(carried, type) and issubclass(carried, msgspec.Struct)
    examples = [OpenApiExample(str(status), example_of(carried), response_only=True)] if is_struct else None
    return OpenApiResponse(carried, description=_SAYS[status], examples=examples)


def _parameters(query: type[msgspec.Struct]) -> list[OpenApiParameter]:
    """Return the fields of a query's struct as parameters."""
    (_,), components = msgspec.json.schema_components([query], ref_template=_REFERENCE)
    schema = components[query.__name__]
    return [
        OpenApiParameter(name, field, required=name in schema.get("required", ()), description=field.get("description", ""))
        for name, field in schema["properties"].items()
    ]


class StructExtension(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]  # spectacular has no types there
    """Let structs stand where spectacular expects serializers."""

    target_class = "msgspec.Struct"
    match_subclasses = True

    def get_name(self, auto_schema: Any, direction: Any) -> str:  # noqa: ARG002  # spectacular passes them
        """Return the component's name."""
        set_override(self.target, "suppress_collision_warning", value=True)
        return str(self.target.__name__)

    def map_serializer(self, auto_schema: Any, direction: Any) -> dict[str, Any]:  # noqa: ARG002  # spectacular passes it
        """Return the struct's schema, and register those it refers to."""
        (reference,), components = msgspec.json.schema_components([self.target], ref_template=_REFERENCE)
        own = components.pop(reference["$ref"].rpartition("/")[2])
        for name, schema in components.items():
            component = ResolvedComponent(name, ResolvedComponent.SCHEMA, schema, name)  # type: ignore[no-untyped-call]  # spectacular has no types there
            auto_schema.registry.register_on_missing(component)
        return dict(own)


class BearerExtension(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # spectacular has no types there
    """Describe how a token is sent."""

    target_class = "access.rest.authentication.Bearer"
    name = "bearer"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:  # noqa: ARG002  # spectacular passes it
        """Return the scheme."""
        return {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
