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


def circular(text: str, language: str) -> set[str]:
    """The types of a text that are an option, a part or a value of themselves: what checkers do not take."""
    leads = _python_leads(text) if language == "python" else _typescript_leads(text)
    for _ in leads:
        leads = {
            name: there.union(there, *(leads.get(other, set()) for other in there)) for name, there in leads.items()
        }
    return {name for name, there in leads.items() if name in there}


def _typescript_leads(text: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for node in typescript_tree(text).children:
        if node.type == "type_alias_declaration":
            name, value = node.child_by_field_name("name"), node.child_by_field_name("value")
            found[name.text.decode()] = set(_named_at_once(value))
    return found


def _named_at_once(node: Node):
    if node.type == "type_identifier":
        yield node.text.decode()
    elif node.type in {"union_type", "intersection_type", "parenthesized_type", "generic_type", "type_arguments"}:
        for child in node.children:
            yield from _named_at_once(child)


def _python_leads(text: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for node in python_tree(text).body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.value, ast.Constant):
            found[node.target.id] = set(_options(ast.parse(node.value.value, mode="eval").body))
    return found


def _options(node: ast.expr):
    if isinstance(node, ast.Name):
        yield node.id
    elif isinstance(node, ast.BinOp):
        yield from _options(node.left)
        yield from _options(node.right)
