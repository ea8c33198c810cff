"""Generated programs, printed in TypeScript."""

from __future__ import annotations

from typing import assert_never

from toolscript.testing.grammar import (
    Awaited,
    Call,
    Caught,
    Closure,
    Guarded,
    Helped,
    Helper,
    If,
    Interval,
    Loop,
    Many,
    Nested,
    Pages,
    Pool,
    Print,
    Promise,
    Push,
    Statement,
    Then,
    Timer,
    Tree,
    Unawaited,
    Value,
)

_PLAIN = {
    "now": "Date.now()",
    "random": "Math.random()",
    "count": "count",
    "length": "out.length",
    "copied": "[...out].length",
    "iso": "new Date().toISOString()",
}
_CONDITIONS = {
    "random": "Math.random() < 0.5",
    "count": "count % 2",
    "length": "out.length > 3",
    "now": "Date.now() % 2000 === 0",
}
_COMBINATORS = {"all": "all", "race": "race", "any": "any", "settled": "allSettled"}
_NOTED = "then((r) => out.push(r), (e) => out.push(e.message))"


def in_typescript(tree: Tree) -> str:
    """The program's text."""
    helpers = map(_helper, tree.helpers)
    return "\n".join(
        ["const out = [];", "let count = 0;", *helpers, _block(tree.body), "return [out, count, Date.now()];"]
    )


def _helper(helper: Helper) -> str:
    return f"async function {helper.name}(x) {{\n{_block(helper.body)}\nreturn [x, {_value(helper.value)}];\n}}"


def _block(body: tuple[Statement, ...]) -> str:
    return "\n".join(map(_statement, body))


def _statement(statement: Statement) -> str:
    match statement:
        case Push(value):
            return f"out.push({_value(value)});"
        case Awaited(promise):
            return f"await {_promise(promise)};"
        case Guarded(promise):
            return f"out.push(await {_promise(promise)}.catch((e) => e.name));"
        case Unawaited(promise, end):
            return _promise(promise) + {"": "", "caught": ".catch(() => 0)", "noted": "." + _NOTED}[end] + ";"
        case Print(method, value):
            return f"console.{method}('line', count, {_PLAIN[value]});"
        case Closure(name, start):
            bump = f"((n) => () => (count += ++n))({start})"
            return f"const {name} = {bump}; {name}(); out.push({name}());"
        case Timer():
            return _timer(statement)
        case Interval():
            return _interval(statement)
        case Loop(name, rounds, leave, body):
            left = {"": "", "continue": f"if ({name} === 1) continue;\n", "break": "if (Math.random() < 0.2) break;\n"}
            head = f"for (let {name} = 0; {name} < {rounds}; {name}++)"
            return f"{head} {{\n{left[leave]}{_block(body)}\ncount += {name};\n}}"
        case Caught():
            return _caught(statement)
        case If(condition, one, other):
            return f"if ({_CONDITIONS[condition]}) {{\n{_block(one)}\n}} else {{\n{_block(other)}\n}}"
        case Pages():
            return _pages(statement)
        case Pool():
            return _pool(statement)
    assert_never(statement)


def _timer(timer: Timer) -> str:
    match timer.work:
        case Call() as call:
            work = f"{_call(call)}.{_NOTED}"
        case "count":
            work = "count++"
        case plain:
            work = f"out.push({_PLAIN[plain]})"
    text = f"const {timer.name} = setTimeout(() => {work}, {timer.ms});"
    match timer.cleared:
        case "":
            return text
        case "at once":
            return f"{text} clearTimeout({timer.name});"
        case call:
            return f"{text} {_call(call)}.then(() => clearTimeout({timer.name}), () => 0);"


def _interval(interval: Interval) -> str:
    name, rounds = interval.name, interval.rounds
    return (
        f"let n_{name} = 0; await new Promise((resolve) => {{ const {name} = setInterval(async () => {{\n"
        f"if (++n_{name} >= {rounds}) clearInterval({name});\n"
        f"out.push(await {_call(interval.call)}.catch((e) => e.name)); if (n_{name} >= {rounds}) resolve();\n"
        f"}}, {interval.ms}) }});"
    )


def _caught(caught: Caught) -> str:
    body = _block(caught.body)
    if caught.throws is not None:
        body += f"\nif (count % 2) throw new Error('mine ' + count); else {_statement(caught.throws)}"
    match caught.handled:
        case "noted":
            handled = "out.push(e.name, e.message);"
        case "counted":
            handled = "count += 100;"
        case push:
            handled = _statement(push)
    text = f"try {{\n{body}\n}} catch (e) {{ {handled} }}"
    return text if caught.final is None else f"{text} finally {{ {_statement(caught.final)} }}"


def _pages(pages: Pages) -> str:
    leave = " if (out.length > 8) break;" if pages.leave else ""
    return (
        f"async function* {pages.name}() {{ try {{ for (let i = 0; i < {pages.rounds}; i++) yield "
        f"{_value(pages.value)} }} finally {{ {_statement(pages.final)} }} }}\n"
        f"try {{ for await (const one of {pages.name}()) {{ out.push(one);{leave} }} }}\n"
        "catch (e) { out.push(e.name) }"
    )


def _pool(pool: Pool) -> str:
    name = pool.name
    return (
        f"const queue_{name} = [...Array({pool.size}).keys()]; const {name} = async (n) => {{\n"
        f"for (let x; (x = queue_{name}.shift()) !== undefined;) "
        f"out.push([n, x, await {_call(pool.call)}.catch((e) => e.message)]) }};\n"
        f"await Promise.all([{name}(1), {name}(2)]);"
    )


def _value(value: Value) -> str:
    return _PLAIN[value] if isinstance(value, str) else f"await {_promise(value)}"


def _promise(promise: Promise) -> str:
    match promise:
        case Call():
            return _call(promise)
        case Many(how, each):
            text = f"Promise.{_COMBINATORS[how]}([{', '.join(map(_promise, each))}])"
            if how != "settled":
                return text
            return f"{text}.then((all) => all.map((s) => s.status === 'fulfilled' ? s.value : s.reason.name))"
        case Nested(_, body):
            return f"(async () => {{\n{_block(body)}\nreturn count;\n}})()"
        case Then(call):
            return f"{_call(call)}.then((r) => [r, ++count], (e) => e.message)"
        case Helped(helper, value):
            return f"{helper}({_PLAIN[value]})"
    assert_never(promise)


def _call(call: Call) -> str:
    match call.tool:
        case "get":
            return f"t.get({{ i: {call.n} }})"
        case "put":
            return f"t.put({{ key: 'k{call.n}', value: {_PLAIN[call.value]} }})"
        case "fail":
            return f"t.fail({{ why: 'f{call.n}' }})"
        case "sleep":
            return f"codemode.sleep({call.seconds})"
        case "state":
            return f"codemode.state.set('s{call.n % 3}', {_PLAIN[call.value]})"
        case "step":
            return f"codemode.step('step {call.n}', async () => {{ count++; return t.get({{ i: {call.n} }}) }})"
        case "none":
            return f"Promise.resolve({_PLAIN[call.value]})"
    assert_never(call.tool)
