# ruff: noqa: E501 - a law a line reads best
"""What the prelude gives is what CPython's own modules give, on many inputs."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic_monty import FunctionSnapshot, Monty, MontyComplete, NameLookupSnapshot

from toolscript.guests.python import native, prelude
from toolscript.guests.python.source import prepare

HEAD = """
def attempt(make):
    try:
        return repr(make())
    except Exception as error:
        return {"StatisticsError": "ValueError", "IllegalMonthError": "ValueError"}.get(type(error).__name__, type(error).__name__)
def deleted(l, i):
    l = list(l)
    del l[i]
    return l
def deleted_span(l, i, j):
    l = list(l)
    del l[i:j]
    return l
def deleted_steps(l, i, j, k):
    l = list(l)
    del l[i:j:k]
    return l
def written(f, text):
    return [f.write(text), f.tell(), f.getvalue(), f.seek(1), f.write('Q'), f.getvalue()]
"""


@dataclass(frozen=True)
class Law:
    """Expressions over `a` that are the same in the engine and in CPython."""

    name: str
    imports: str
    values: st.SearchStrategy[Any]
    expressions: tuple[str, ...]

    def __str__(self) -> str:
        return self.name

    def program(self, value: Any) -> str:
        made = ", ".join(f"attempt(lambda: {expression})" for expression in self.expressions)
        return f"{self.imports}\n{HEAD}\na = {value!r}\n[{made}]"

    def in_cpython(self, value: Any) -> list[str]:
        names: dict[str, Any] = {"a": value}
        exec(f"{self.imports}\n{HEAD}", names)
        return [names["attempt"](eval(f"lambda: {expression}", names)) for expression in self.expressions]


NUMBERS = st.lists(st.integers(-(10**6), 10**6) | st.floats(-1e9, 1e9).map(lambda x: x + 0.0), max_size=8)
WORDS = st.text(alphabet="ab Cé-\n\t_.", max_size=30)
URLS = st.text(alphabet="ab:/?#&=@.;%20+é[]", max_size=20)
ANY_URL = (
    st.sampled_from(["http://a.b/c/d?e=f#g", "HTTPS://u:p@Ex.com:81/x;y?z", "/a/../b", "mailto:x@y", "//h/p"]) | URLS
)
DATES = st.datetimes(min_value=datetime(1, 1, 8), max_value=datetime(9998, 12, 20))
PAIRS = st.tuples(ANY_URL, URLS)

LAWS = (
    Law("statistics", "import statistics", NUMBERS, tuple(
        f"statistics.{name}(a)" for name in ("mean", "fmean", "median", "median_low", "median_high", "mode", "multimode",
                                            "variance", "pvariance", "stdev", "pstdev", "quantiles"))),
    Law("statistics of pairs", "import statistics", st.lists(st.tuples(st.integers(-99, 99), st.integers(-99, 99))),
        ("round(statistics.covariance([x for x, _ in a], [y for _, y in a]), 6)",)),
    Law("textwrap", "import textwrap", st.tuples(WORDS, st.integers(1, 20)),
        ("textwrap.dedent(a[0])", "textwrap.indent(a[0], '> ')", "textwrap.wrap(a[0], a[1])", "textwrap.fill(a[0], a[1])",
         "textwrap.shorten(a[0], a[1] + 5)", "textwrap.wrap(a[0], a[1], break_long_words=False)")),
    Law("string", "import string", WORDS,
        ("string.capwords(a)", "string.Template(a + '$x ${y} $$').safe_substitute(x=1)", "string.digits", "string.punctuation",
         "string.Template('$x-${y}').substitute({'x': a, 'y': 2})", "string.Template('$x').substitute()")),
    Law("html", "import html", st.text(alphabet="a<>&\"';#39x", max_size=12),
        ("html.escape(a)", "html.escape(a, quote=False)", "html.unescape(html.escape(a))")),
    Law("quoting of URLs", "from urllib.parse import quote, quote_plus, unquote, unquote_plus, urlencode, parse_qs, parse_qsl",
        URLS, ("quote(a)", "quote(a, safe='')", "quote_plus(a)", "unquote(a)", "unquote_plus(a)", "urlencode({'k': a, a: 1})",
               "parse_qs(a)", "parse_qsl(a, keep_blank_values=True)", "urlencode([('x', [a, 2])], doseq=True)")),
    Law("URLs", "from urllib.parse import urlparse, urlsplit, urljoin, urlunsplit, urldefrag", PAIRS,
        ("tuple(urlsplit(a[0].replace('[', '').replace(']', '')))", "tuple(urlparse(a[0].replace('[', '').replace(']', '')))",
         "urlparse(a[0].replace('[', '').replace(']', '')).geturl()")),
    Law("joined URLs", "from urllib.parse import urljoin", st.tuples(
        st.sampled_from(["http://a/b/c/d", "http://a", "http://a/b/", "/x/y"]),
        st.sampled_from(["g", "./g", "g/", "/g", "//h", "?y", "g?y", "#s", "..", "../g", "../../g", "", ".", "g;x=1/../y", "http://z"])),
        ("urljoin(a[0], a[1])",)),
    Law("heapq", "import heapq", st.lists(st.integers(0, 20), max_size=12),
        ("(heapq.heapify(a), a)", "(heapq.heapify(a), [heapq.heappop(a) for _ in list(a)])", "heapq.nlargest(3, a)",
         "heapq.nsmallest(2, a, key=lambda x: -x)", "list(heapq.merge(sorted(a), [1, 5]))", "(heapq.heappush(a, 3), len(a))")),
    Law("dates", "from datetime import date, datetime, timedelta, timezone", DATES.map(lambda d: d.isoformat()), tuple(
        f"datetime.fromisoformat(a){rest}" for rest in (
            ".isocalendar()[:]", ".toordinal()", ".timetuple()[:]", ".ctime()", ".date().toordinal()", ".date().ctime()"))),
    Law("dates from numbers", "from datetime import date, datetime", DATES.map(lambda d: d.isoformat()), ("date.fromordinal(datetime.fromisoformat(a).toordinal()).isoformat()",
           "date.fromisocalendar(*datetime.fromisoformat(a).isocalendar()[:]).isoformat()",)),
    Law("timestamps", "from datetime import date, datetime, timezone", st.integers(-(10**10), 10**11) | st.floats(-1e9, 4e9),
        ("datetime.fromtimestamp(a, tz=timezone.utc).replace(microsecond=0).isoformat()",)),
    Law("calendar", "import calendar", st.tuples(st.integers(1, 9999), st.integers(0, 13)),
        ("tuple(map(int, calendar.monthrange(a[0], a[1])))", "calendar.isleap(a[0])", "calendar.monthcalendar(a[0], a[1])",
         "calendar.leapdays(a[0], 2024)", "calendar.month_name[a[1]]", "calendar.weekday(a[0], 5, 17) + 0")),
    Law("rounding", "", st.tuples(st.floats(allow_nan=False, allow_infinity=False), st.integers(-3, 12)),
        ("round(a[0], a[1])", "round(a[0] / 1000, 2)", "round(a[1], 2)")),
    Law("translate", "", WORDS, ("a.translate(str.maketrans('ab', 'xy', 'é'))", "a.translate({97: None, 98: 'zz', 99: 67})",
                                 "a.translate(str.maketrans({'a': '1', 'C': ''}))", "'{a}!'.format_map({'a': a})")),
    Law("integers", "", st.tuples(st.integers(-(2**40), 2**40), st.integers(0, 6), st.booleans()),
        ("a[0].bit_length()", "a[0].to_bytes(a[1], 'big', signed=a[2])", "a[0].to_bytes(a[1], 'little', signed=a[2])",
         "int.from_bytes(str(a[0]).encode(), 'little', signed=a[2])", "a[0].bit_count()", "float(a[0]).is_integer()")),
    Law("patterns", "import re", WORDS, ("re.sub(r'\\w+', lambda m: m.group().upper() + str(m.start()), a)",
        "re.compile('(a)(b)?').subn(r'<\\1|\\2>', a)", "re.subn('a+', '-', a)", "re.compile('b').sub(lambda m: 'x', a, count=1)",
        "re.sub('(?P<n>a)', r'[\\g<n>\\g<0>]', a)")),
    Law("deletion", "", st.tuples(st.lists(st.integers(), max_size=8), st.integers(-9, 9), st.integers(-9, 9), st.sampled_from([-2, -1, 1, 2, 3])),
        ("deleted(a[0], a[1])", "deleted_span(a[0], a[1], a[2])", "deleted_steps(a[0], a[1], a[2], a[3])")),
    Law("sorting by comparison", "from functools import cmp_to_key", st.lists(st.tuples(st.integers(0, 4), st.integers())),
        ("sorted(a, key=cmp_to_key(lambda x, y: x[0] - y[0]))", "sorted(a, key=cmp_to_key(lambda x, y: y[0] - x[0]), reverse=True)")),
    Law("names of files", "import fnmatch", st.tuples(st.text("ab.*", max_size=5), st.sampled_from(["*", "a?", "[ab]*", "*.b", "[!a]", "a*b*"])),
        ("fnmatch.fnmatch(a[0], a[1])",)),
    Law("text as a file", "import io", WORDS, ("[io.StringIO(a).readline(), io.StringIO(a).read(3), list(io.StringIO(a))]",
                                              "written(io.StringIO(), a)", "written(io.StringIO('xyz'), a)")),
    Law("hmac", "import hashlib, hmac", st.tuples(st.binary(max_size=80), st.binary(max_size=20)),
        ("hmac.new(a[0], a[1], hashlib.sha256).hexdigest()", "hmac.new(a[0], a[1], 'md5').digest()")),
    Law("json", "import json", st.recursive(st.none() | st.integers() | WORDS | st.just(3.5), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3), max_leaves=8),
        ("json.dumps([a, {1, 2}], default=sorted)", "json.dumps({'s': {3}, 'a': a}, default=list, indent=2, sort_keys=True)")),
    Law("operator", "import operator", st.tuples(st.integers(-9, 9), st.integers(-9, 9)), tuple(
        f"operator.{name}(*a)" for name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "lt", "ge", "eq", "xor", "and_"))),
    Law("items", "import operator", st.tuples(st.integers(-9, 9), st.integers(-9, 9)), ("operator.itemgetter(1, 0)(a)", "operator.neg(a[0])", "operator.contains(a, 3)", "operator.countOf(a, 1)")),
    Law("chained maps", "from collections import ChainMap, OrderedDict", st.tuples(*[st.dictionaries(st.text("abc", max_size=1), st.integers())] * 2),
        ("dict(ChainMap(*a).items())", "sorted(ChainMap(*a))", "ChainMap(*a)['a']", "'b' in ChainMap(*a)", "list(OrderedDict(a[0]))")),
)  # fmt: skip


@pytest.fixture(scope="module")
def run() -> Iterator[Callable[[str], Any]]:
    with Monty(min_processes=1, max_processes=1, request_timeout=20) as pool:

        def value_of(code: str) -> Any:
            with pool.checkout(limits={"max_feed_duration_secs": 5, "max_memory": 64 << 20}) as session:
                step = session.feed_start(prepare(code).script)
                while not isinstance(step, MontyComplete):
                    assert isinstance(step, FunctionSnapshot | NameLookupSnapshot), step
                    step = step.resume_not_handled() if isinstance(step, FunctionSnapshot) else step.resume()
                return step.output

        yield value_of


def read(text: str) -> tuple[str, Any]:
    """What a `repr` stands for, and of which type: of two shortest forms of a float the engine may take the other."""
    value: Any = text
    with suppress(ValueError, SyntaxError):
        value = ast.literal_eval(text)
    return type(value).__name__, value


@pytest.mark.parametrize("law", LAWS, ids=str)
def test_the_prelude_gives_what_cpython_gives(law: Law, run: Callable[[str], Any]) -> None:
    @given(law.values)
    @settings(max_examples=60, deadline=None)
    def check(value: Any) -> None:
        assert list(map(read, run(law.program(value)))) == list(map(read, law.in_cpython(value)))

    check()


MODULES = sorted(set(prelude.MODULES) - {"asyncio_tasks"})


@pytest.mark.parametrize("module", MODULES)
def test_every_member_of_the_prelude_can_be_imported_alone_and_together(module: str, run: Callable[[str], Any]) -> None:
    names = sorted(name for name in prelude.MODULES[module] if not name.startswith("_"))
    for name in names:
        run(f"from {module} import {name} as it\nit is not None")
    assert run(f"from {module} import {', '.join(names)}\n1") == 1


@pytest.mark.parametrize("module", sorted(set(native.MODULES) - {"__future__", "typing"}))
def test_the_engine_has_what_is_said_of_it(module: str, run: Callable[[str], Any]) -> None:
    names = sorted(native.MODULES[module] - {"environ", "getenv", "urandom"})
    listed = ", ".join(f"{module}.{name}" for name in names)
    assert run(f"import {module}\nlen([{listed}])") == len(names)


@pytest.mark.parametrize("name", sorted(native.BUILTINS_LACKING | native.EXCEPTIONS_LACKING))
def test_the_engine_lacks_what_is_said_to_lack(name: str) -> None:
    with Monty(min_processes=1, max_processes=1, request_timeout=20) as pool, pool.checkout() as session:
        step = session.feed_start(f"x = {name}\nx")
        assert isinstance(step, NameLookupSnapshot | MontyComplete)
        if isinstance(step, MontyComplete):
            assert name in ("classmethod", "staticmethod", "property", "super", "compile")


def test_a_program_that_needs_nothing_is_fed_nothing() -> None:
    assert prepare("1 + 1").script == "1 + 1"
    assert prepare("import json\njson.dumps({'a': [1]})").script == "import json\njson.dumps({'a': [1]})"


def test_a_program_is_fed_only_what_it_needs() -> None:
    script = prepare("from statistics import median\nmedian([1, 2])").script
    assert "def median(" in script
    assert "def stdev(" not in script
