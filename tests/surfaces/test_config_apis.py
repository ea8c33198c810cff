"""The tables `[openapi.NAME]`, `--openapi`, and the connectors that come of them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from cli_command import ROOT

from toolscript.connectors.openapi import ApiKey, Basic, Bearer, ClientCertificate, HttpOptions, OAuth2, Retry
from toolscript.connectors.openapi.configured import arguments
from toolscript.errors import ConfigError
from toolscript.surfaces.apis import API_KEYS, AUTH_KEYS
from toolscript.surfaces.assemble import NOTHING, assemble, configured, secrets
from toolscript.surfaces.config import Config, read_config

DOCUMENT = '{"openapi": "3.1.0", "info": {"title": "Shop"}, "paths": {}}'
EVERY_KEY = """
[openapi.shop]
spec = "shop.json"
auth = "env:SHOP_TOKEN"
base_url = "https://shop.test/v1"
server_variables = { region = "eu" }
tags = ["orders"]
paths = "/orders*"
methods = ["GET", "post"]
include = ["orders/*"]
exclude = ["orders/wipe"]
rename = { "orders/list" = "orders" }
effects = { "POST /orders/search" = "read" }
keyed = ["orders/create"]
key_header = "X-Key"
files = "uploads"
rate_per_s = 2.5
concurrency = 4
connect_timeout_s = 3
silence_timeout_s = 20
max_bytes = 1000000
allow_private = ["shop.test"]
ca_file = "ca.pem"
certificate = { cert = "own.pem", key = "own.key" }
attempts = 5
max_wait_s = 60
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / ".git").mkdir()
    (tmp_path / "shop.json").write_text(DOCUMENT)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def read(home: Path, *apis: str, env: dict[str, str] | None = None) -> Config:
    environment = {"XDG_CONFIG_HOME": str(home / "user"), **(env or {})}
    return read_config([], apis=apis, environment=environment, folder=home)


def written(home: Path, lines: str) -> Config:
    (home / "toolscript.toml").write_text(lines)
    return read(home)


def refusal(home: Path, lines: str) -> str:
    with pytest.raises(ConfigError) as caught:
        written(home, lines)
    return str(caught.value)


def given(config: Config) -> dict[str, Any]:
    """What `openapi` is given for the only API of a configuration."""
    (api,) = config.apis
    return {"namespace": api.namespace, "spec": api.spec, **arguments(api.said)}


def test_every_key_reaches_the_connector(home: Path) -> None:
    assert set(re.findall(r"^(\w+) =", EVERY_KEY, re.MULTILINE)) == set(API_KEYS)
    config = written(home, EVERY_KEY)
    assert assemble(config, []).connectors[0].namespace == "shop"
    assert given(config) == {
        "namespace": "shop",
        "spec": str(home / "shop.json"),
        "auth": "env:SHOP_TOKEN",
        "base_url": "https://shop.test/v1",
        "server_variables": {"region": "eu"},
        "tags": ("orders",),
        "paths": ("/orders*",),
        "methods": ("GET", "post"),
        "include": ("orders/*",),
        "exclude": ("orders/wipe",),
        "rename": {"orders/list": "orders"},
        "effects": {"POST /orders/search": "read"},
        "keyed": ("orders/create",),
        "key_header": "X-Key",
        "files": str(home / "uploads"),
        "rate_per_s": 2.5,
        "concurrency": 4,
        "http": HttpOptions(
            connect_timeout_s=3,
            silence_timeout_s=20,
            max_bytes=1_000_000,
            allow_private=("shop.test",),
            ca_file=str(home / "ca.pem"),
            certificate=ClientCertificate(cert=str(home / "own.pem"), key=str(home / "own.key")),
        ),
        "retry": Retry(attempts=5, max_wait_s=60),
    }


@pytest.mark.parametrize(
    ("said", "auth"),
    [
        ('"cmd:op read op://work/shop"', "cmd:op read op://work/shop"),
        ('"keyring:shop/ann"', "keyring:shop/ann"),
        ('"file:token"', "file:HOME/token"),
        ('{ type = "bearer", token = "env:T", prefix = "Bot" }', Bearer("env:T", prefix="Bot")),
        ('{ type = "basic", user = "env:U" }', Basic("env:U")),
        ('{ type = "basic", user = "env:U", password = "file:p" }', Basic("env:U", "file:HOME/p")),
        ('{ type = "api_key", key = "env:K", name = "X-Key" }', ApiKey("env:K", "X-Key")),
        ('{ type = "api_key", key = "env:K", name = "k", in = "query" }', ApiKey("env:K", "k", "query")),
        (
            '{ type = "oauth2", client_id = "env:I", client_secret = "env:S", scopes = ["a"], extra = { aud = "x" },'
            ' token_url = "https://id.test/t", client_in = "body" }',
            OAuth2(
                client_id="env:I",
                client_secret="env:S",
                scopes=("a",),
                extra=(("aud", "x"),),
                token_url="https://id.test/t",
                client_in="body",
            ),
        ),
        (
            '{ appKey = "env:A", userAuth = { type = "basic", user = "env:U" } }',
            {"appKey": "env:A", "userAuth": Basic("env:U")},
        ),
    ],
)
def test_credentials_are_read_in_all_their_forms(home: Path, said: str, auth: Any) -> None:
    config = written(home, f'[openapi.shop]\nspec = "shop.json"\nauth = {said}\n')
    assert str(given(config)["auth"]).replace(str(home), "HOME") == str(auth)


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ("", "toolscript.toml:1: this API lacks its document"),
        ('spec = "gone.json"', "toolscript.toml:2: spec is 'gone.json'; it must be an OpenAPI document"),
        ('spec = "."', "is a folder"),
        ('spec = "shop.json"\nbase_ulr = "x"', "toml:3: base_ulr is not a key of an API; did you mean base_url?"),
        ('spec = "shop.json"\nbogus = 1', "there are spec, auth, base_url"),
        ('spec = "shop.json"\nreverts = {}', "reverts stand in a table [namespaces.NAME]"),
        ('spec = "shop.json"\napprove = "writes"', "[[policy.rules]]"),
        ('spec = "shop.json"\nidempotency_header = "X"', "did you mean key_header?"),
        ('spec = "shop.json"\ntimeout = 3', "connect_timeout_s and silence_timeout_s"),
        ('spec = "shop.json"\nconcurrency = 0', "toml:3: concurrency is 0; it must be a whole number above 0"),
        ('spec = "shop.json"\nrate_per_s = "2"', "a number above 0"),
        ('spec = "shop.json"\ninclude = [1]', "a list of patterns"),
        ('spec = "shop.json"\neffects = { a = "reads" }', "a table of effects"),
        ('spec = "shop.json"\nrename = ["a"]', "a table of texts"),
        ('spec = "shop.json"\nallow_private = 1', "true, or a list of hosts"),
        ('spec = "shop.json"\ncertificate = { key = "k" }', "a table of PEM files"),
        ('spec = "shop.json"\nauth = {}', "a reference to a secret"),
        ('spec = "shop.json"\nauth = { type = "bearr" }', "did you mean bearer?"),
        ('spec = "shop.json"\nauth = { type = "basic", usr = "env:U" }', "which basic has not; did you mean user?"),
        ('spec = "shop.json"\nauth = { type = "api_key", key = "env:K" }', "api_key needs name"),
        ('spec = "shop.json"\nauth = { type = "api_key", key = "env:K", name = "k", in = "x" }', "query, cookie"),
        ('spec = "shop.json"\nauth = { appKey = { key = "env:K" } }', "appKey lacks its type"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_told_with_its_line_and_what_would_do(home: Path, lines: str, words: str) -> None:
    assert words in refusal(home, f"[openapi.shop]\n{lines}\n")


@pytest.mark.parametrize(
    "auth",
    [
        '"sk_live_hunter22"',
        '{ type = "bearer", token = "sk_live_hunter22" }',
        '{ bearer = "sk_live_hunter22" }',
        '{ type = "basic", user = "env:U", password = "sk_live_hunter22" }',
        '{ type = "api_key", key = "sk:live_hunter22", name = "k" }',
        '["sk_live_hunter22"]',
    ],
)
def test_a_secret_that_stands_in_the_file_itself_is_refused_and_not_repeated(home: Path, auth: str) -> None:
    said = refusal(home, f'[openapi.shop]\nspec = "shop.json"\nauth = {auth}\n')
    assert "toolscript.toml:3: auth must be " in said
    assert "env:NAME, file:PATH, cmd:COMMAND or keyring:SERVICE/USER" in said
    assert "hunter22" not in said


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ("openapi = 3", "openapi holds a table for each API"),
        ('openapi = { shop = "shop.json" }', "openapi holds a table for each API"),
        ('[openapi."my-shop"]\nspec = "shop.json"', "'my_shop' would do"),
        ('[openapi]\nspec = "shop.json"', "openapi holds a table for each API"),
    ],
)
def test_a_table_that_is_no_api_is_told_with_its_line(home: Path, lines: str, words: str) -> None:
    said = refusal(home, lines)
    assert said.startswith("toolscript.toml:1: ")
    assert words in said


def test_what_only_the_connector_can_tell_names_the_table(home: Path) -> None:
    config = written(home, '\n[openapi.shop]\nspec = "shop.json"\nrename = { a = "no-name" }\n')
    with pytest.raises(ConfigError, match=r"^toolscript.toml:2: rename to 'no-name': programs cannot use this name"):
        assemble(config, [])


def test_an_address_with_a_password_in_it_is_refused_and_not_repeated(home: Path) -> None:
    config = read(home, "https://ann:hunter22@a.test/openapi.json")
    with pytest.raises(ConfigError) as caught:
        assemble(config, [])
    assert str(caught.value) == "--openapi: spec: an address holds no user and no password: set `auth`"


@pytest.mark.parametrize(
    ("spec", "name"),
    [
        ("github.v3.yaml", "github"),
        ("api.github.com.json", "github"),
        ("figma/openapi.yaml", "figma"),
        ("figma/v1/swagger.json", "figma"),
        ("specs/box/spec3.json", "box"),
        ("my-shop/api.json", "my_shop"),
        ("https://api.github.com/openapi.json", "github"),
        ("https://petstore3.swagger.io/api/v3/openapi.json?x=1", "petstore3"),
        ("https://raw.example.org/specs/stripe.yaml", "stripe"),
        ("http://localhost:8000/openapi.json", "localhost"),
        ("http://127.0.0.1:8000/openapi.json", "api"),
        ("2fa.yaml", "_2fa"),
    ],
)
def test_a_document_alone_is_called_after_its_file_its_folder_or_its_host(home: Path, spec: str, name: str) -> None:
    if "://" not in spec:
        (home / spec).parent.mkdir(parents=True, exist_ok=True)
        (home / spec).write_text(DOCUMENT)
    (api,) = read(home, spec).apis
    assert api.namespace == name
    assert api.spec == (spec if "://" in spec else str(home / spec))


def test_apis_of_flags_and_files_add_up_and_a_flag_wins_as_a_whole(home: Path) -> None:
    (home / "other.json").write_text(DOCUMENT)
    lines = '[openapi.shop]\nspec = "shop.json"\nauth = "env:T"\n[openapi.crm]\nspec = "shop.json"\n'
    (home / "toolscript.toml").write_text(lines)
    config = read(home, "shop=other.json", "https://bank.test/api.json")
    assert sorted((api.namespace, Path(api.spec).name, dict(api.said)) for api in config.apis) == [
        ("bank", "api.json", {}),
        ("crm", "shop.json", {}),
        ("shop", "other.json", {}),  # credentials of one document must not go where another one leads
    ]
    assert config.origins["openapi.crm"] == "toolscript.toml:4"
    assert config.origins["openapi.shop"] == "--openapi"
    assert sorted(configured(config, [])) == ["bank", "crm", "shop"]


@pytest.mark.parametrize(
    ("apis", "words"),
    [
        (["gone.yaml"], "--openapi is 'gone.yaml'; it must be an OpenAPI document, a file or an address; gone"),
        (["shop="], "NAME=SPEC"),
        (["shop=~nobody-here/shop.json"], "a path whose ~ can be told"),
        (["my-shop=shop.json"], "'my_shop' would do"),
        (["shop.json", "shop=shop.json"], "--openapi names two APIs shop"),
    ],
)  # fmt: skip
def test_a_flag_that_names_no_api_is_refused(home: Path, apis: list[str], words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(home, *apis)
    assert words in str(caught.value)


def test_the_secrets_of_apis_are_kept_out_of_everything(home: Path) -> None:
    lines = """
[openapi.shop]
spec = "shop.json"
auth = { a = "env:ONE", b = { type = "basic", user = "env:WHO", password = "file:two" } }
[openapi.crm]
spec = "shop.json"
auth = { type = "oauth2", client_id = "env:WHO", client_secret = "env:THREE" }
[openapi.bank]
spec = "shop.json"
auth = "env:UNSET"
"""
    (home / "toolscript.toml").write_text(lines)
    (home / "two").write_text("second-secret\n")
    config = read(home, env={"ONE": "first-secret", "WHO": "somebody", "THREE": "third-secret"})
    assert secrets(config, []) == ("first-secret", "second-secret", "third-secret")


@pytest.mark.parametrize("page", ["README.md", "docs/openapi.md", "docs/openapi-auth.md"])
def test_the_tables_of_a_page_are_read_and_make_connectors(home: Path, page: str) -> None:
    blocks = re.findall(r"```toml\n(.*?)```", (ROOT / page).read_text("utf-8"), re.DOTALL)
    assert blocks
    for block in blocks:
        for name in re.findall(r'^spec = "(.*?)"', block, re.MULTILINE):
            (home / name).write_text(DOCUMENT)
        (home / "mcp.json").write_text('{"mcpServers": {}}')
        (home / "maps.json").write_text(DOCUMENT)
        inner = "[openapi.maps.auth]"
        config = written(home, block.replace(inner, f'[openapi.maps]\nspec = "maps.json"\n{inner}'))
        assert len(assemble(config, []).connectors) == len(set(re.findall(r"\[openapi\.(\w+)", block)))


def test_the_documentation_lists_the_keys_and_the_types_of_credentials() -> None:
    page = (ROOT / "docs" / "openapi.md").read_text("utf-8")
    cells = re.findall(r"^\| (`\w+`.*?) \|", page, re.MULTILINE)
    assert sorted(key for cell in cells for key in re.findall(r"`(\w+)`", cell)) == sorted(API_KEYS)
    auth = (ROOT / "docs" / "openapi-auth.md").read_text("utf-8")
    for kind, keys in AUTH_KEYS.items():
        assert f'type = "{kind}"' in auth
        assert all(re.search(rf"\b{key}\b", auth) for key in keys), kind
    assert "[openapi.github]" in NOTHING
