"""Whether texts that are made of schemas parse as what they claim to be, and what they declare."""

import ast
import re

import tree_sitter_typescript
from tree_sitter import Language, Node, Parser

_PARSER = Parser(Language(tree_sitter_typescript.language_typescript()))
_FENCE = re.compile(r"^```(ts|py)\n(.*?)\n```$", re.MULTILINE | re.DOTALL)


def typescript_tree(text: str) -> Node:
    """The tree of declarations; a call of a namespace counts as the declaration of a function."""
    code = re.sub(r"\A(\w+)\.(\w+)\((?!\)|input\??:)", r"\1.\2(input: ", text)
    code = re.sub(r"\A(\w+)\.(\w+)\(", r"declare function \2(", code)
    return _PARSER.parse(code.encode("utf-8", "replace")).root_node


def is_typescript(text: str) -> bool:
    return not typescript_tree(text).has_error


def typescript_declares(text: str) -> list[str]:
    """The kinds of the statements of a text, comments aside."""
    return [child.type for child in typescript_tree(text).children if child.type != "comment"]


def python_tree(text: str) -> ast.Module:
    """The tree of declarations; a call of a namespace counts as the definition of a function."""
    lines = text.split("\n")
    if re.match(r"\w+\.\w+\(", lines[0]):
        end = next(n for n, line in enumerate(lines) if (n == 0 and _ends(line)) or line.startswith(") -> "))
        lines[0] = re.sub(r"^\w+\.(\w+)\(", r"async def \1(", lines[0])
        lines[end] += ": ..."
    return ast.parse("\n".join(lines))


def _ends(line: str) -> bool:
    return ") -> " in line


def is_python(text: str) -> bool:
    try:
        tree = python_tree(text)
    except SyntaxError:
        return False
    compile(tree, "declarations", "exec")
    return True


def python_declares(text: str) -> list[str]:
    """The kinds of the statements of a text."""
    return [type(each).__name__ for each in python_tree(text).body]


def blocks(text: str) -> list[tuple[str, str]]:
    """The code blocks of a description: language and code."""
    return [(match[1], match[2]) for match in _FENCE.finditer(text)]


def parses(text: str) -> bool:
    """Whether all code blocks of a description are code."""
    found = blocks(text)
    return len(found) * 2 == text.count("```") and all(
        is_python(code) if language == "py" else is_typescript(code) for language, code in found
    )
