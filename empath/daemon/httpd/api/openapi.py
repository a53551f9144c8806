"""
openapi - the description of the API by OpenAPI 3.1, made from the table of operations and the pydantic models
"""

import re
from collections.abc import Iterable
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from empath import __version__
from empath.daemon.httpd.api.operation import PREFIX, Operation
from empath.daemon.httpd.api.parameters import Parameter
from empath.storage.admin.json_form import INSTANTS, TRUTHS

_PROBLEM: Final = {
    "type": "object",
    "required": ["type", "title", "status"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string"},
    },
}
_IN_PATH: Final = re.compile(r"\{\w+\}")
_WORD: Final = re.compile(r"\w+")
_JSON: Final = "application/json"
_REFS: Final = "#/components/schemas/{model}"


def openapi(operations: Iterable[Operation]) -> dict[str, Any]:
    """The whole document."""
    operations = tuple(operations)
    models: list[tuple[type[BaseModel], Any]] = [(each.answer, "serialization") for each in operations]
    models += [(each.body, "validation") for each in operations if each.body is not None]
    names, found = models_json_schema(models, ref_template=_REFS)
    schemas = {name: _as_sent(schema) for name, schema in found.get("$defs", {}).items()}
    schemas["Problem"] = _PROBLEM
    paths: dict[str, dict[str, Any]] = {}
    for each in operations:
        paths.setdefault(PREFIX + each.path, {})[each.method.lower()] = _operation(each, names)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Empath", "version": __version__},
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(operation: Operation, names: dict[Any, Any]) -> dict[str, Any]:
    problem = {"content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}}
    failures = _FAILURES if operation.body is None else _FAILURES | _OF_BODIES
    found: dict[str, Any] = {
        "summary": operation.text,
        "description": f"Needs a token with the role {operation.role}.",
        "operationId": "_".join([operation.method.lower(), *_WORD.findall(_IN_PATH.sub("", operation.path))]),
        "parameters": [_parameter(each) for each in operation.parameters],
        "responses": {
            str(operation.status): {
                "description": "done",
                "content": {"application/json": {"schema": names[operation.answer, "serialization"]}},
            },
            **{code: {"description": words, **problem} for code, words in failures.items()},
        },
    }
    if operation.body is not None:
        schema = names[operation.body, "validation"]
        content = {media: {"schema": schema if media == _JSON else {"type": "string"}} for media in operation.media}
        found["requestBody"] = {"required": True, "content": content}
    return found


_FAILURES: Final = {
    "400": "the request is wrong",
    "401": "there is no token, or it is not valid",
    "403": "the token has another role",
    "404": "what the request names is not there",
    "429": "too many wrong tokens, or requests of this kind",
    "500": "a fault of Empath",
    "503": "the queue cannot answer now",
}
_OF_BODIES: Final = {
    "411": "the length of the body is missing",
    "413": "the body is too large",
    "415": "the body is of another kind",
    "422": "what the body asks for cannot be",
}


def _parameter(parameter: Parameter) -> dict[str, Any]:
    schema = dict(parameter.schema)
    if parameter.is_list:
        schema = {"type": "array", "items": schema}
    if parameter.default not in (None, ""):
        schema["default"] = parameter.default
    return {
        "name": parameter.name,
        "in": "path" if parameter.is_in_path else parameter.place,
        "required": parameter.is_in_path,
        "description": parameter.text,
        "schema": schema,
    }


def _as_sent(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema of a record as `as_json` writes it: instants are text, and `is_` is a truth value."""
    if schema.get("additionalProperties") is False:  # the body of a request
        return schema
    properties = schema.get("properties", {})
    for name, each in properties.items():
        if name.endswith(INSTANTS) and "number" in _types(each):
            kinds = ["string", "null"] if "null" in _types(each) else "string"
            properties[name] = {"type": kinds, "title": each.get("title", name)}
        elif name.startswith(TRUTHS):
            properties[name] = {"type": "boolean", "title": each.get("title", name)}
    return schema


def _types(schema: dict[str, Any]) -> list[Any]:
    return [each.get("type") for each in schema.get("anyOf", [schema])]
