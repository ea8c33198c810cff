"""Every operation of published documents can be asked for: with what it requires, and with all its parameters."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
from tests.decisions.openapi_documents import FILES, api

from toolscript.connectors.openapi.operation import Operation
from toolscript.connectors.openapi.request import Request, built, is_json
from toolscript.schema.check import Checker
from toolscript.schema.sample import sample_arguments

EACH = {"github": 5, "stripe_2020": 3, "box": 2, "discord": 2}  # of so many operations one is looked at


def sampled(operation: Operation, *, whole: bool) -> dict[str, Any] | None:
    """Arguments that fit: the required ones, or all parameters."""
    schema = operation.input_schema
    assert isinstance(schema, dict)
    if whole:
        every = [parameter.name for parameter in operation.parameters]
        schema = {**schema, "required": list(dict.fromkeys([*schema.get("required", []), *every]))}
    checker = Checker(schema)
    args = sample_arguments(schema, lambda args: not checker.arguments(args))
    return None if args is None else dict(args)


def is_whole(operation: Operation, args: dict[str, Any], request: Request) -> bool:
    """Whether the request leads where the path says, with every plain argument in its place."""
    template = re.escape(operation.path).replace(r"\{", "{").replace(r"\}", "}")
    pattern = re.sub(r"\{[^{}]+\}", "[^/?#]+", template)
    if re.fullmatch(pattern, unquote(request.path).replace("…", "x")) is None:
        return False
    sent = {name for name, _ in (*parse_qsl(urlsplit(request.target).query), *request.headers)}
    return all(
        one.raw_name in sent
        for one in operation.parameters
        if one.place in ("query", "header") and one.content_type is None and isinstance(args.get(one.name), str | int)
    )


@pytest.mark.parametrize("name", FILES)
def test_every_operation_of_a_document_becomes_a_request(name: str) -> None:
    known = api(name).operations[:: EACH.get(name, 1)]
    made = 0
    for operation in known:
        for whole in (False, True):
            args = sampled(operation, whole=whole)
            if args is None:
                continue
            request = built(operation, args, "https://api.test", operation.name)
            assert is_whole(operation, args, request), (operation.id, args, request)
            if request.body is not None and is_json(request.content_type or ""):
                json.loads(request.body)
            made += 1
    assert made > 1.9 * len(known)
