"""Real OpenAPI documents, as they were published, and their operations as tools."""

import gzip
from functools import cache
from pathlib import Path

import pytest

from toolscript.connectors.openapi.operation import Api
from toolscript.connectors.openapi.reader import read_api
from toolscript.connectors.openapi.tools import tools_of
from toolscript.tools import Tool

DOCUMENTS = Path(__file__).parents[3] / "shared" / "data" / "openapi"
FILES = {
    "box": "openapi.json.gz",
    "discord": "openapi.json.gz",
    "figma": "openapi.yaml",
    "github": "api.github.com.json.gz",
    "netlify": "swagger.yml",
    "petstore3": "openapi.yaml",
    "slack": "slack_web_openapi_v2.json.gz",
    "spotify": "spotify_oas.json",
    "stripe_2020": "spec3.json.gz",
    "tmdb": "tmdb_oas.json.gz",
}


def content(name: str) -> bytes:
    """The text of a document; skips the test where it is not there."""
    file = DOCUMENTS / name / FILES[name]
    if not file.exists():
        pytest.skip("the recorded OpenAPI documents are not there")
    return gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()


@cache
def api(name: str) -> Api:
    """The API that a document describes."""
    return read_api(content(name))


@cache
def operations(name: str) -> tuple[Tool, ...]:
    """The operations of a document as tools."""
    return tools_of(api(name).operations, name)
