"""Builds the wheels of `toolscript-typecheck`: the native checker of TypeScript, as an installable package.

    python packaging/typecheck/build.py --out dist                  # this machine's platform
    python packaging/typecheck/build.py --out dist --platform all   # what a release does
    python packaging/typecheck/build.py --out dist --tarball typescript-typescript-linux-x64-7.0.2.tgz

Without `--tarball` npm fetches what is pinned in `pins.json`. Each tarball is checked against its integrity there, and
the same tarball always gives the same wheel, byte for byte. Needs nothing but Python.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import io
import json
import platform
import re
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

HERE = Path(__file__).parent
PINS = json.loads((HERE / "pins.json").read_text("utf-8"))
VERSION: str = PINS["version"]
MODULE = "toolscript_typecheck"
DIST_INFO = f"{MODULE}-{VERSION}.dist-info"
_KEPT = re.compile(r"lib\.(?:es\w+(?:\.\w+)*|decorators(?:\.legacy)?)\.d\.ts|lib\.d\.ts|tsc(?:\.exe)?")
_WITH_A_PAGE = re.compile(r"lib\.es\w+\.full\.d\.ts")  # the language with the DOM, which no program has
_FIRST_DATE = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip file can say: the wheel must not depend on the day
_METADATA = f"""\
Metadata-Version: 2.4
Name: toolscript-typecheck
Version: {VERSION}
Summary: The native checker of TypeScript {VERSION}, for the type check of toolscript's programs
License-Expression: Apache-2.0
License-File: LICENSE
License-File: NOTICE.txt
Requires-Python: >=3.11

This package holds `tsc` of TypeScript {VERSION} (Copyright Microsoft Corporation, Apache License 2.0) as it is
published on npm, with those of its declarations that describe the language itself. It is unchanged, and found by
toolscript when it is installed beside it. It has no Python interface.
"""


def main() -> None:
    """Build the wheels that were asked for, and print their names."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="the folder for the wheels")
    parser.add_argument("--platform", default=this_platform(), choices=["all", *PINS["platforms"]])
    parser.add_argument("--tarball", type=Path, help="npm's tarball of that platform, fetched before")
    given = parser.parse_args()
    if given.platform == "all" and given.tarball is not None:
        parser.error("a tarball is of one platform")
    given.out.mkdir(parents=True, exist_ok=True)
    names = list(PINS["platforms"]) if given.platform == "all" else [given.platform]
    for name in names:
        tarball = fetched(name) if given.tarball is None else given.tarball.read_bytes()
        print(build(name, tarball, given.out))


def this_platform() -> str:
    """The platform's name as npm has it."""
    machine = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64"}.get(platform.machine().lower(), platform.machine())
    return f"{sys.platform}-{machine}"


def fetched(name: str) -> bytes:
    """The tarball of a platform, by npm."""
    with tempfile.TemporaryDirectory() as folder:
        package = f"@typescript/typescript-{name}@{VERSION}"
        command = ["npm", "pack", "--silent", "--pack-destination", folder, package]
        on_windows = sys.platform == "win32"  # where npm is a script
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, shell=on_windows)  # noqa: S603 - our own words
        (tarball,) = Path(folder).glob("*.tgz")
        return tarball.read_bytes()


def build(name: str, tarball: bytes, out: Path) -> Path:
    """The wheel of a platform, out of its tarball; `SystemExit` for one that is not what is pinned."""
    pin: Mapping[str, str] = PINS["platforms"][name]
    integrity = "sha512-" + base64.b64encode(hashlib.sha512(tarball).digest()).decode()
    if integrity != pin["integrity"]:
        raise SystemExit(f"the tarball for {name} is not the pinned one: {integrity}, expected {pin['integrity']}")
    held = contents(tarball)
    files = {f"{MODULE}/__init__.py": (HERE / "toolscript_typecheck.py").read_bytes()}
    files |= {f"{MODULE}/lib/{each}": content for each, content in held.items() if _is_kept(each)}
    files |= {f"{DIST_INFO}/licenses/{each}": held[each] for each in ("LICENSE", "NOTICE.txt")}
    files[f"{DIST_INFO}/METADATA"] = _METADATA.encode()
    tags = "".join(f"Tag: py3-none-{tag}\n" for tag in pin["tag"].split("."))
    files[f"{DIST_INFO}/WHEEL"] = f"Wheel-Version: 1.0\nGenerator: toolscript\nRoot-Is-Purelib: false\n{tags}".encode()
    wheel = out / f"{MODULE}-{VERSION}-py3-none-{pin['tag']}.whl"
    wheel.write_bytes(zipped(files))
    return wheel


def contents(tarball: bytes) -> dict[str, bytes]:
    """The files of a tarball, by their last name."""
    held: dict[str, bytes] = {}
    with tarfile.open(fileobj=io.BytesIO(tarball), mode="r:gz") as archive:
        for member in archive:
            file = archive.extractfile(member) if member.isfile() else None
            if file is not None:
                held[Path(member.name).name] = file.read()
    return held


def _is_kept(name: str) -> bool:
    return _KEPT.fullmatch(name) is not None and _WITH_A_PAGE.fullmatch(name) is None


def zipped(files: Mapping[str, bytes]) -> bytes:
    """The wheel's bytes, with its RECORD last."""
    record = "".join(f"{name},sha256={_digest(content)},{len(content)}\n" for name, content in sorted(files.items()))
    everything = {**dict(sorted(files.items())), f"{DIST_INFO}/RECORD": f"{record}{DIST_INFO}/RECORD,,\n".encode()}
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, content in everything.items():
            entry = zipfile.ZipInfo(name, _FIRST_DATE)
            runs = name.rpartition("/")[2] in ("tsc", "tsc.exe")
            entry.external_attr = (0o100755 if runs else 0o100644) << 16
            entry.create_system = 3  # Unix, wherever it is built: else the permissions would not count
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    return target.getvalue()


def _digest(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()


if __name__ == "__main__":
    main()
