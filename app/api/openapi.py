"""The OpenAPI 3.1 document, made from the list of operations and the types they take and give."""

from __future__ import annotations

import re
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import msgspec

from app import __version__
from app.api.operation import Operation

_PARAMETER = re.compile(r"{(\w+)(?::(\w+))?}")
_REF = "#/components/schemas/{name}"
_FORMATS: dict[str, dict[str, Any]] = {
    "uuid": {"type": "string", "format": "uuid"},
    "int": {"type": "integer"},
    "str": {"type": "string"},
}
PROBLEM_SCHEMA = {
    "type": "object",
    "required": ["title", "status", "code", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "detail": {"type": "string"},
    },
}


def openapi_document(operations: Sequence[Operation], server: str) -> dict[str, Any]:
    """Describe all operations; `server` is the public URL."""
    types = [kind for operation in operations for kind in (operation.body, operation.response) if kind is not None]
    queries = [operation.query for operation in operations if operation.query is not None]
    _, components = msgspec.json.schema_components([*types, *queries], ref_template=_REF)
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        path = _PARAMETER.sub(r"{\1}", operation.path)
        paths.setdefault(path, {})[operation.method.lower()] = _describe(operation, components)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Assistify", "version": __version__, "license": {"name": "Apache-2.0"}},
        "servers": [{"url": server}],
        "paths": paths,
        "components": {
            "schemas": {**components, "Problem": PROBLEM_SCHEMA},
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
                "session": {"type": "apiKey", "in": "cookie", "name": "assistify_session"},
            },
        },
    }


def _describe(operation: Operation, components: dict[str, Any]) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.operation_id,
        "summary": operation.summary,
        "tags": [operation.tag],
        "parameters": [*_path_parameters(operation.path), *_query_parameters(operation, components)],
        "responses": _responses(operation),
    }
    if operation.body is not None:
        described["requestBody"] = {"required": True, "content": {"application/json": {"schema": _ref(operation.body)}}}
    if operation.permission is not None:
        described["security"] = [{"bearer": []}, {"session": []}]
        described["description"] = f"Needs the permission `{operation.permission.value}`."
    return described


def _path_parameters(path: str) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": _FORMATS[kind or "str"]}
        for name, kind in _PARAMETER.findall(path)
    ]


def _query_parameters(operation: Operation, components: dict[str, Any]) -> list[dict[str, Any]]:
    if operation.query is None:
        return []
    schema = components[operation.query.__name__]
    required = schema.get("required", [])
    return [
        {"name": name, "in": "query", "required": name in required, "schema": value}
        for name, value in schema["properties"].items()
    ]


def _responses(operation: Operation) -> dict[str, Any]:
    good: dict[str, Any] = {"description": HTTPStatus(operation.status).phrase}
    if operation.response is not None:
        good["content"] = {"application/json": {"schema": _ref(operation.response)}}
    statuses = set(operation.errors) | {429}
    if operation.permission is not None:
        statuses |= {401, 403}
    if operation.body is not None or operation.query is not None:
        statuses |= {413, 415, 422} if operation.body is not None else {422}
    if "{" in operation.path:
        statuses.add(404)
    problem = {"application/problem+json": {"schema": {"$ref": _REF.format(name="Problem")}}}
    bad = {str(status): {"description": HTTPStatus(status).phrase, "content": problem} for status in sorted(statuses)}
    told = {str(operation.status): good, **bad}
    for status, kinds in operation.texts.items():
        content = {kind: {"schema": {"type": "string"}} for kind in kinds}
        told[str(status)] = {"description": HTTPStatus(status).phrase, "content": content}
    return told


def _ref(kind: type[Any]) -> dict[str, Any]:
    (schema,), _ = msgspec.json.schema_components([kind], ref_template=_REF)
    return dict(schema)
