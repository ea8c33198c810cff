"""Programs made by a seeded grammar: valid, and always ending. Laws are tested over thousands of them.

They call the tools of `corpus_connector` in a row and in parallel, in loops, races and generators, catch what fails or
do not, set and clear timers, leave calls un-awaited, and look at the clock, at random and at what they have captured.
The same seed gives the same program, so the seed of one that breaks a law is all that there is to keep.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

from toolscript.testing.corpus import Example

MAX_CALLS = 30  # that one program makes, loops counted out: enough to park a dozen times, and some milliseconds long
MAX_DEPTH = 4
_SLEEPS_S = (0.5, 2, 4, 8, 60, 3_600)  # below and above what a run waits for without being parked
_TIMERS_MS = (0, 10, 3_000, 9_000, 120_000)


def generated(seed: int) -> Example:
    """The program of a seed."""
    return Example(f"generated_{seed}", _Writer(seed).program())


class _Writer:
    """Writes one program; `times` is how often the place where it writes is reached."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)  # noqa: S311 - programs, no secrets
        self._left = self._random.randint(6, MAX_CALLS)
        self._names = 0
        self._helpers: list[str] = []

    def program(self) -> str:
        helpers = [self._helper() for _ in range(self._random.randint(0, 2))]
        body = self._block(self._random.randint(4, 9), depth=0, times=1)
        return "\n".join(["const out = [];", "let count = 0;", *helpers, body, "return [out, count, Date.now()];"])

    def _helper(self) -> str:
        name = self._name("helper")
        body = self._block(2, depth=2, times=2)
        text = f"async function {name}(x) {{\n{body}\nreturn [x, {self._value(3, 2)}];\n}}"
        self._helpers.append(name)
        return text

    def _block(self, length: int, *, depth: int, times: int) -> str:
        return "\n".join(self._statement(depth, times) for _ in range(length))

    def _statement(self, depth: int, times: int) -> str:
        simple: Sequence[Callable[[int, int], str]] = (
            self._push,
            self._push,
            self._awaited,
            self._unawaited,
            self._print,
            self._closure,
            self._timer,
        )
        nested = (self._loop, self._caught, self._caught, self._if, self._generator, self._pool, self._interval)
        return self._random.choice(simple if depth >= MAX_DEPTH else (*simple, *nested))(depth, times)

    def _push(self, depth: int, times: int) -> str:
        return f"out.push({self._value(depth, times)});"

    def _awaited(self, depth: int, times: int) -> str:
        return f"await {self._promise(depth, times)};"

    def _unawaited(self, depth: int, times: int) -> str:
        end = self._random.choice(["", ".catch(() => 0)", ".then((r) => out.push(r), (e) => out.push(e.message))"])
        return f"{self._promise(depth, times)}{end};"

    def _print(self, depth: int, times: int) -> str:
        return f"console.{self._random.choice(['log', 'warn', 'error'])}('line', count, {self._plain()});"

    def _closure(self, depth: int, times: int) -> str:
        name = self._name("bump")
        return (
            f"const {name} = ((n) => () => (count += ++n))({self._random.randint(0, 9)}); {name}(); out.push({name}());"
        )

    def _timer(self, depth: int, times: int) -> str:
        name = self._name("timer")
        done = self._random.choice(["count++", "out.push(Date.now())", f"out.push({self._plain()})"])
        if self._one_in(3):
            done = f"{self._call(times)}.then((r) => out.push(r), (e) => out.push(e.name))"
        text = f"const {name} = setTimeout(() => {done}, {self._random.choice(_TIMERS_MS)});"
        match self._random.randint(0, 3):
            case 0:
                return f"{text} clearTimeout({name});"
            case 1:
                return f"{text} {self._call(times)}.then(() => clearTimeout({name}), () => 0);"
            case _:
                return text

    def _interval(self, depth: int, times: int) -> str:
        name, n, rounds = self._name("interval"), self._name("n"), self._random.randint(1, 3)
        call = self._call(times * rounds)
        return (
            f"let {n} = 0; await new Promise((resolve) => {{ const {name} = setInterval(async () => {{\n"
            f"if (++{n} >= {rounds}) clearInterval({name});\n"
            f"out.push(await {call}.catch((e) => e.name)); if ({n} >= {rounds}) resolve();\n"
            f"}}, {self._random.choice(_TIMERS_MS[1:])}) }});"
        )

    def _loop(self, depth: int, times: int) -> str:
        i, rounds = self._name("i"), self._random.randint(1, 3)
        body = self._block(self._random.randint(1, 2), depth=depth + 1, times=times * rounds)
        leave = self._random.choice(["", f"if ({i} === 1) continue;\n", "if (Math.random() < 0.2) break;\n"])
        return f"for (let {i} = 0; {i} < {rounds}; {i}++) {{\n{leave}{body}\ncount += {i};\n}}"

    def _caught(self, depth: int, times: int) -> str:
        body = self._block(self._random.randint(1, 2), depth=depth + 1, times=times)
        if self._one_in(3):
            body += f"\nif (count % 2) throw new Error('mine ' + count); else {self._awaited(depth + 1, times)}"
        handled = self._random.choice(["out.push(e.name, e.message);", "count += 100;", self._push(depth + 1, times)])
        text = f"try {{\n{body}\n}} catch (e) {{ {handled} }}"
        if self._one_in(3):
            text += f" finally {{ {self._guarded(depth + 1, times)} }}"
        return text

    def _if(self, depth: int, times: int) -> str:
        condition = self._random.choice(
            ["Math.random() < 0.5", "count % 2", "out.length > 3", "Date.now() % 2000 === 0"]
        )
        one, other = (self._block(1, depth=depth + 1, times=times) for _ in range(2))
        return f"if ({condition}) {{\n{one}\n}} else {{\n{other}\n}}"

    def _generator(self, depth: int, times: int) -> str:
        name, rounds = self._name("pages"), self._random.randint(1, 3)
        leave = self._random.choice(["", " if (out.length > 8) break;"])
        return (
            f"async function* {name}() {{ try {{ for (let i = 0; i < {rounds}; i++) yield "
            f"{self._value(depth + 1, times * rounds)} }} finally {{ {self._guarded(depth + 1, times)} }} }}\n"
            f"try {{ for await (const one of {name}()) {{ out.push(one);{leave} }} }} catch (e) {{ out.push(e.name) }}"
        )

    def _pool(self, depth: int, times: int) -> str:
        queue, work, size = self._name("queue"), self._name("work"), self._random.randint(2, 5)
        call = self._call(times * size)
        return (
            f"const {queue} = [...Array({size}).keys()]; const {work} = async (n) => {{\n"
            f"for (let x; (x = {queue}.shift()) !== undefined;) "
            f"out.push([n, x, await {call}.catch((e) => e.message)]) }};\n"
            f"await Promise.all([{work}(1), {work}(2)]);"
        )

    def _guarded(self, depth: int, times: int) -> str:
        return f"out.push(await {self._promise(depth, times)}.catch((e) => e.name));"

    def _value(self, depth: int, times: int) -> str:
        return self._plain() if self._one_in(7) else f"await {self._promise(depth, times)}"

    def _plain(self) -> str:
        return self._random.choice(
            ["Date.now()", "Math.random()", "count", "out.length", "[...out].length", "new Date().toISOString()"]
        )

    def _promise(self, depth: int, times: int) -> str:
        if depth >= MAX_DEPTH or self._one_in(2):
            return self._call(times)
        match self._random.randint(0, 7):
            case 0 | 1:
                return f"Promise.all([{self._promises(depth, times)}])"
            case 2:
                return f"Promise.race([{self._promises(depth, times)}])"
            case 3:
                return f"Promise.any([{self._promises(depth, times)}])"
            case 4:
                settled = f"Promise.allSettled([{self._promises(depth, times)}])"
                return f"{settled}.then((all) => all.map((s) => s.status === 'fulfilled' ? s.value : s.reason.name))"
            case 5:
                return f"(async () => {{\n{self._block(1, depth=depth + 1, times=times)}\nreturn count;\n}})()"
            case 6:
                return f"{self._call(times)}.then((r) => [r, ++count], (e) => e.message)"
            case _:
                helper = self._random.choice(self._helpers) if self._helpers else ""
                if not helper or times > 1 or self._left <= 0:
                    return self._call(times)
                self._helpers.remove(helper)  # at one place only, or its calls would multiply
                return f"{helper}({self._plain()})"

    def _promises(self, depth: int, times: int) -> str:
        return ", ".join(self._promise(depth + 1, times) for _ in range(self._random.randint(1, 4)))

    def _call(self, times: int) -> str:
        self._left -= times
        if self._left < 0:
            return f"Promise.resolve({self._plain()})"
        n = self._random.randint(0, 9)
        match self._random.randint(0, 11):
            case 0 | 1 | 2 | 3:
                return f"t.get({{ i: {n} }})"
            case 4 | 5 | 6 | 7:
                return f"t.put({{ key: 'k{n}', value: {self._plain()} }})"
            case 8:
                return f"t.fail({{ why: 'f{n}' }})"
            case 9:
                return f"codemode.sleep({self._random.choice(_SLEEPS_S)})"
            case 10:
                return f"codemode.state.set('s{n % 3}', {self._plain()})"
            case _:
                return f"codemode.step('step {n}', async () => {{ count++; return t.get({{ i: {n} }}) }})"

    def _one_in(self, n: int) -> bool:
        return self._random.randrange(n) == 0

    def _name(self, stem: str) -> str:
        self._names += 1
        return f"{stem}{self._names}"
