"""What is wrong with a program before it starts: the facts of its guest, held against the catalogue.

1. False alarms are worse than misses: what is in doubt is left to the run. A namespace that is not ready is no problem
   of the program, nor is a snippet that another process may have saved meanwhile.
2. All problems of a program are told together, each with its place and with what to write instead.
3. Nothing is recorded as called, because nothing was.
4. Most programs in TypeScript have nothing that could be wrong. They are told apart by their text, and cost no parsing.
   Programs in Python are parsed anyway, once for this and for their start.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from difflib import get_close_matches
from itertools import islice

from toolscript.catalog.catalog import Catalog, Namespace
from toolscript.catalog.letters import bare
from toolscript.catalog.nearness import LIKE
from toolscript.errors import Failure, pointed
from toolscript.runs.absent import ABSENT, BY_MEMBER
from toolscript.runs.inspected import Inspected, Mention, Problem, Unawaited
from toolscript.runs.machine import unknown_tool
from toolscript.runs.policy import OWN, Policy
from toolscript.runs.snippet import SNIPPETS
from toolscript.runs.usage import usage
from toolscript.schema.syntax import Syntax
from toolscript.tools import Tool

MOST = 5  # problems that are told: what comes after them mostly follows from them
_MOST_NAMES = 8  # of namespaces that a message lists
_LINE_END = re.compile(r"\r\n|\r|\n")

_CALL = re.compile(r"(?<![\w$])(?<!(?<!\.\.)\.)(await\s+)?([^\W\d][\w$]*|\$[\w$]*)\s*(?:(?:!\s*)?\.\s*([\w$]+)\s*)?\(")
_ARGUMENTS = re.compile(r"""[()]|'[^'\\\n]*'|"[^"\\\n]*"|['"`/]""")
_AFTER = re.compile(r"\s*(?:[.\[!]|\?\.)")
_AFTER_PROMISE = re.compile(r"\s*+(?![,)\];}]|$)")
_CHAIN = re.compile(r"(?<![\w$])(?<!(?<!\.\.)\.)([^\W\d][\w$]*)(?:\s*\.\s*[\w$]+){2,}\s*\(")
_TAKEN_APART = re.compile(r"\}\s*=\s*await\s+Promise\b")
_ASYNC = re.compile(r"\basync\b")
_TEXT = re.compile(r"""'[^'\\\n]*'|"[^"\\\n]*"|//[^\n]*""")
_READ = re.compile(r"(?<![\w$])(?<!(?<!\.\.)\.)([^\W\d][\w$]*+)(?!\s*:)")
_DECLARING = re.compile(
    r"\b(?:const|let|var)\s([^=;]*?)(?:=|;|\bof\b|\bin\b|$)|\(([^()]*)\)\s*=>|([\w$]+)\s*=>"
    r"|\bfunction\b([^)]*)\)|\bclass\s+([\w$]+)|\bcatch\s*\(([^)]*)\)"
)
_WORD = re.compile(r"[^\W\d][\w$]*|\$[\w$]*")
_KNOWN = frozenset(
    ("if", "for", "while", "switch", "catch", "return", "function", "await", "async", "typeof", "console", "Promise",
     "Object", "JSON", "Math", "Date", "Array", "Number", "String", "Boolean", "Error", "Set", "Map", "setTimeout")
)  # fmt: skip
"""Words before a bracket that no program has to declare."""
_WORDS = frozenset(
    ("const", "let", "var", "class", "else", "do", "of", "in", "new", "try", "finally", "throw", "instanceof", "void",
     "delete", "true", "false", "null", "undefined", "case", "default", "break", "continue", "yield", "NaN", "Infinity",
     "input", "RegExp", "Intl", "URL", "as", "any", "string", "number", "boolean", "unknown")
)  # fmt: skip
"""Words elsewhere of which that is so."""
_ABSENT = frozenset(ABSENT["typescript"])


def is_suspect(code: str, catalog: Catalog, syntax: Syntax = "typescript") -> bool:
    """Whether a program may have a problem at all, told from its text; True for most that have one, and some others."""
    if syntax == "python":
        return True
    for match in _CALL.finditer(code):
        _, name, method = match.groups()
        if name == "Promise" and code.startswith("{", match.end()):
            return True
        if not method:
            if name not in _KNOWN:
                return True
            continue
        space = catalog.namespaces.get(name)
        if space is None:
            if name not in _KNOWN:
                return True
        elif method not in space.methods or not _is_plain(code, match):
            return True
    if any(match[1] not in _KNOWN for match in _CHAIN.finditer(code)) or _TAKEN_APART.search(code):
        return True
    if any(not _is_in_promise(_line_before(code, match.start())) for match in _ASYNC.finditer(code)):
        return True
    return not _ABSENT.isdisjoint(_WORD.findall(code)) or _may_read_what_is_nowhere(code, catalog)


def _may_read_what_is_nowhere(code: str, catalog: Catalog) -> bool:
    """Whether there is a name that nothing in the text is seen to declare."""
    bare = _TEXT.sub("''", code)
    read = {*_READ.findall(bare)} - _KNOWN - _WORDS
    for declared in _DECLARING.findall(bare):
        read.difference_update(_WORD.findall(" ".join(declared)))
    return any(name not in catalog.namespaces for name in read)


def _is_plain(code: str, call: re.Match[str]) -> bool:
    """Whether a call is surely awaited, or its promise surely handed on."""
    if call[1]:
        return not _goes_on(code, call.end(), _AFTER)
    return _is_handed_on(code, call.start()) and not _goes_on(code, call.end(), _AFTER_PROMISE)


def _is_handed_on(code: str, start: int) -> bool:
    """Whether a promise is surely handed on: returned by a function, or an item of a `Promise.all` on this line."""
    before = _line_before(code, start)
    if before == "return":
        return True
    return before.endswith(("=>", "[", ",")) and _is_in_promise(before)


def _line_before(code: str, start: int) -> str:
    return code[code.rfind("\n", 0, start) + 1 : start].rstrip()


def _is_in_promise(before: str) -> bool:
    """Whether this line stops in the list of a `Promise.all`, or in the callback that makes the list."""
    inside = before[at:] if (at := before.rfind("Promise.")) >= 0 else ""
    rounds = inside.count("(") - inside.count(")")
    squares = inside.count("[") - inside.count("]")
    return inside.count("{") == inside.count("}") and (rounds, squares) in ((1, 1), (2, 0), (2, 1))


def _goes_on(code: str, start: int, after: re.Pattern[str]) -> bool:
    """Whether the call whose arguments begin here is part of a longer expression; True where that is hard to say."""
    depth = 1
    for match in _ARGUMENTS.finditer(code, start):
        text = match.group()
        if text == ")":
            depth -= 1
            if not depth:
                return after.match(code, match.end()) is not None
        elif text == "(":
            depth += 1
        elif len(text) == 1:
            return True
    return True


def anywhere(facts: Inspected, needed: Collection[str] = ()) -> Inspected:
    """The facts that hold wherever the program runs: a name that is unknown here may be a namespace elsewhere.

    `needed` are namespaces that will be there: a server may be called `fetch`.
    """
    absent = ABSENT[facts.syntax].keys() - frozenset(needed)
    return replace(facts, free=tuple(name for name in facts.free if name.name in absent))


def problems_of(facts: Inspected, catalog: Catalog, policy: Policy) -> tuple[Problem, ...]:
    """All problems of a program, in the order of its text. Near names keep quiet about what the policy denies."""
    found = [*_of_names(facts, catalog, policy), *_of_methods(facts, catalog, policy), *_of_promises(facts, catalog)]
    found += facts.problems
    return tuple(sorted(found, key=lambda problem: (problem.line, problem.column)))


def one_a_place(problems: Iterable[Problem]) -> list[Problem]:
    """The problems in the order of the text; of several in one place one that is certain, or else the first."""
    first: dict[tuple[int, int], Problem] = {}
    for problem in sorted(problems, key=lambda each: (each.line, each.column, not each.certain)):
        first.setdefault((problem.line, problem.column), problem)
    return list(first.values())


def failure_of(problems: tuple[Problem, ...], code: str) -> Failure:
    """The one failure that tells them all."""
    lines = _LINE_END.split(code)
    if len(problems) == 1:
        only = problems[0]
        message = f"{_sentence(only.message)} The program was not started, and nothing was called."
        source = _line(lines, only)
        return Failure(kind="guest", code="check", name="CheckError", message=message,
                       line=only.line, column=only.column, source=source)  # fmt: skip
    told = [f"{len(problems)} problems. The program was not started, and nothing was called."]
    for number, problem in enumerate(problems[:MOST], 1):
        place = f"line {problem.line}, column {problem.column}"
        told.append(f"{number}. {place}: {_sentence(problem.message)}")
        told.append(pointed(problem.line, _line(lines, problem), problem.column))
    if len(problems) > MOST:
        told.append(f"… and {len(problems) - MOST} more")
    return Failure(kind="guest", code="check", name="CheckError", message="\n".join(told))


def _line(lines: list[str], problem: Problem) -> str:
    return lines[problem.line - 1] if 0 < problem.line <= len(lines) else ""


def _sentence(message: str) -> str:
    return message if message.endswith((".", "?")) else message + "."


def _of_names(facts: Inspected, catalog: Catalog, policy: Policy) -> Iterator[Problem]:
    absent = ABSENT[facts.syntax]
    for name in facts.free:
        if name.name in catalog.namespaces:
            continue
        if name.name in absent:
            yield _at(name, _not_here(name, absent[name.name]))
        elif name.method:
            yield _at(name, _no_namespace(name, catalog, policy, facts.syntax))
        elif name.called:
            yield _at(name, _no_function(name, catalog, policy, facts.syntax))
        elif name.fails:
            near = get_close_matches(name.name, _shown(catalog, policy), n=1, cutoff=LIKE)
            yield _at(name, _no_name(replace(name, near=(*name.near, *near)[:2])))


def _not_here(name: Mention, instead: str) -> str:
    instead = BY_MEMBER.get((name.name, name.method), instead)
    return instead if instead.startswith("there is no") else f"there is no `{name.name}` in here: {instead}"


def _no_namespace(name: Mention, catalog: Catalog, policy: Policy, syntax: Syntax) -> str:
    known, bleak = catalog.namespaces, policy.denies
    spaces = [each for each in catalog.near_spaces(name.name) if _is_shown(known[each], policy, bleak=bleak)]
    by_bare = {bare(each): each for each in (*name.near, *spaces)}
    said = f"there is no namespace {name.name}"
    tool = catalog.find(name.method)
    if tool is not None and policy.outlook(tool) != "deny":
        return f"{said}: a namespace stands for itself. Did you mean {usage(tool, syntax)}?"
    space = catalog.namespaces.get(name.method.partition(".")[0]) if "." in name.method else None
    if space is not None and space.state == "ready":
        return f"{said}, and {unknown_tool(name.method, catalog, policy, syntax).message}"
    near = [by_bare[each] for each in get_close_matches(bare(name.name), by_bare, n=2, cutoff=LIKE)]
    if near:
        said = said if near[0] in spaces else f"{name.name} is not defined"
        return f"{said}: did you mean {' or '.join(near)}?"
    tools = _called_so(name.method.rpartition(".")[2], catalog, policy)
    if tools:
        return f"{said}: did you mean {_usages(tools, syntax)}?"
    others = [each for each in _shown(catalog, policy) if each not in OWN]
    if not others:
        return f"{said}, and no variable of that name"
    listed = ", ".join(others[:_MOST_NAMES])
    more = f" and {len(others) - _MOST_NAMES} more" if len(others) > _MOST_NAMES else ""
    return f"{said}, and no variable of that name. There are: {listed}{more}"


def _no_name(found: Mention) -> str:
    return f"{found.name} is not defined" + (f": did you mean {' or '.join(found.near)}?" if found.near else "")


def _no_function(found: Mention, catalog: Catalog, policy: Policy, syntax: Syntax) -> str:
    name = found.name
    if found.near:
        return _no_name(found)
    tools = _called_so(name, catalog, policy)
    if tools:
        return f"{name} is not defined. Tools are called with their namespace: {_usages(tools, syntax)}"
    if syntax == "python":
        return f"{name} is not defined: define it, or call a tool as `await namespace.method(…)`"
    return f"{name} is not defined: declare it, or call a tool as `namespace.method({{ … }})`"


def _usages(tools: list[Tool], syntax: Syntax) -> str:
    return ", or ".join(usage(tool, syntax) for tool in tools)


def _called_so(method: str, catalog: Catalog, policy: Policy) -> list[Tool]:
    """Tools that have this very method name, in any namespace; three at most."""
    found = (space.methods[method] for space in catalog.namespaces.values() if method in space.methods)
    return list(islice((tool for tool in found if policy.outlook(tool) != "deny"), 3))


def _shown(catalog: Catalog, policy: Policy) -> list[str]:
    """The namespaces of which a program may know."""
    bleak = policy.denies
    return [name for name, space in sorted(catalog.namespaces.items()) if _is_shown(space, policy, bleak=bleak)]


def _is_shown(space: Namespace, policy: Policy, *, bleak: bool) -> bool:
    if space.state != "ready" or not space.methods:
        return space.state != "ready"
    return not bleak or any(policy.outlook(tool) != "deny" for tool in space.methods.values())


def _of_methods(facts: Inspected, catalog: Catalog, policy: Policy) -> Iterator[Problem]:
    told: set[str] = set()
    for call in facts.calls:
        space, path = catalog.namespaces.get(call.name), f"{call.name}.{call.method}"
        if space is None or space.state != "ready" or call.method in space.methods or call.name == SNIPPETS:
            continue
        if path not in told and len(told) < MOST:
            told.add(path)
            yield _at(call, unknown_tool(path, catalog, policy, facts.syntax).message)


def _of_promises(facts: Inspected, catalog: Catalog) -> Iterator[Problem]:
    for each in facts.unawaited:
        needs = each.needs if each.is_own else (each.path, *each.needs)
        if all(_is_tool(path, catalog) for path in needs):
            yield Problem(each.line, each.column, _unawaited(each, facts.syntax), used_line=each.used_line)


def _is_tool(path: str, catalog: Catalog) -> bool:
    """Whether a call of this path is one of a tool, as far as is known."""
    name, _, method = path.partition(".")
    space = catalog.namespaces.get(name)
    return space is not None and (space.state != "ready" or method in space.methods)


def _unawaited(found: Unawaited, syntax: Syntax) -> str:
    where = f" in line {found.used_line}" if found.used_line != found.line else ""
    thing, function = ("coroutine", "`async def`") if syntax == "python" else ("promise", "`async` function")
    sync = f", in an {function}" if found.is_sync else ""
    if found.use == "combined":
        return f"`{found.detail}` takes one list: write `{found.fix}`{sync}"
    if found.use == "tested":
        return f"{found.path} gives a {thing}, and `{found.detail}` does not wait for it: write `{found.fix}`{sync}"
    return f"{found.path} gives a {thing}, and {_used(found)}{where} without `await`: write `{found.fix}`{sync}"


def _used(found: Unawaited) -> str:
    match found.use:
        case "member":
            return f"`.{found.detail}` is read from it"
        case "element":
            return "an element is read from it"
        case "iterated":
            return "it is looped over"
        case "spread":
            return "it is spread"
        case "destructured":
            return "it is taken apart"
        case "text":
            return "it is put into text"
        case "number":
            return "it is calculated with"
        case "compared":
            return "it is compared"
        case "condition":
            return "it is used as a condition"
        case "argument" | "tested" | "combined":
            return f"`{found.detail}` is given it"
        case "returned":
            return "it is returned inside a value"
        case "ignored":
            return "nothing is done with it"


def _at(name: Mention, message: str) -> Problem:
    return Problem(name.line, name.column, message)
