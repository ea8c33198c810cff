"""What the type check says of programs in either language: the mistakes that models make, and nothing of what works."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typed_tools import CRM, OF_CORPUS, OF_GUEST_SUITE, Checked

from toolscript.guests.javascript.dissect import dissect
from toolscript.guests.javascript.type_check import TypeScriptChecker
from toolscript.runs.program import Language
from toolscript.testing import corpus, generated
from toolscript.testing.guest_suite import cases_in

DEMO = Path(__file__).parent.parent.parent / "examples" / "demo"


MISTAKES: tuple[tuple[str, str, str, str], ...] = (
    (
        "a misspelt argument",
        "return await crm.find({\n  nme: 'Ada' })",
        "await crm.find(\n  nme='Ada')",
        "2: .*unknown argument 'nme'; did you mean 'name'",
    ),
    ("a missing argument", "return await crm.find({})", "await crm.find()", "1: .*missing required argument 'name'"),
    (
        "an argument of another type",
        "await crm.find({ name: 'x', limit: 'ten' })",
        "await crm.find(name='x', limit='ten')",
        '1: .*limit: expected int(eger)?, got str(ing)? "ten"',
    ),
    (
        "a value that is not among those allowed",
        "await crm.find({ name: 'x', kind: 'persn' })",
        "await crm.find(name='x', kind='persn')",
        '1: .*kind: expected one of "person", "company", got str(ing)? "persn"; did you mean "person"',
    ),
    (
        "arguments by position",
        "await crm.find('Ada')",
        "await crm.find('Ada')",
        "1: crm.find takes .*named arguments",
    ),
    (
        "a member that a result does not have",
        "const p = await crm.get({ id: 1 });\nreturn p.nam.length",
        "p = await crm.get(id=1)\nlen(p['nam'])",
        "2: .*nam.*[Dd]id you mean .name",
    ),
    (
        "a member of a list",
        "const all = await crm.find({ name: 'x' });\nreturn all.name",
        "all = await crm.find(name='x')\nall['name']",
        "2: .*(Property 'name' does not exist|a list of .* has no keys)",
    ),
    (
        "a whole result for one of its members",
        "const p = await crm.get({ id: 1 });\nawait crm.note({ text: p })",
        "p = await crm.get(id=1)\nawait crm.note(text=p)",
        "2: .*(not assignable to type 'string'|Expected `str`, found `GetResult`)",
    ),
)


@pytest.mark.parametrize(("name", "typescript_code", "python_code", "said"), MISTAKES, ids=lambda each: each[:40])
@pytest.mark.parametrize("language", ["typescript", "python"])
def test_each_kind_of_mistake_is_certain_and_told_in_its_line(
    language: Language, name: str, typescript_code: str, python_code: str, said: str, request: pytest.FixtureRequest
):
    checked: Checked = request.getfixturevalue(language)
    found = checked.certain(typescript_code if language == "typescript" else python_code)
    assert len(found) == 1, found
    assert re.match(said, f"{found[0].line}: {found[0].message}"), found


def test_the_place_is_that_of_the_author_in_a_fence_and_beyond_ascii(typescript: Checked, python: Checked):
    fenced = "Here it is:\n```ts\nconst é = '😀'; const p = await crm.get({ id: 1 }); return [é, p.nam]\n```\n"
    (found,) = typescript.certain(fenced)
    assert (found.line, found.column) == (3, fenced.split("\n")[2].index("nam") + 1)
    fenced = "```python\n  é = '😀'; p = await crm.get(id=1); [é, p['nam']]\n```"
    (found,) = python.certain(fenced)
    assert (found.line, found.column) == (2, fenced.split("\n")[1].index("'nam'") + 1)


@pytest.mark.parametrize(
    "code",
    [
        "export default async () => {{ {} }}",
        "export default async function () {{ {} }}",
        "export default async function run() {{ {} }}",
        "export async function run() {{ {} }}; export {{ run as default }}",
        "export const run = async () => {{ {} }}",
        "module.exports = async () => {{ {} }}",
        "async function main() {{ {} }}",
        "(async () => {{ {} }})()",
        "enum E {{ A }}; interface I {{ a: E }}; {}",
    ],
)
def test_programs_are_checked_in_every_form_that_they_may_have(typescript: Checked, code: str):
    code = code.format("return (await crm.get({ id: 1 })).nam.length")
    (found,) = typescript.certain(code)
    assert (found.line, found.column) == (1, code.index("nam.length") + 1)


def test_all_problems_are_told_in_the_order_of_the_text(typescript: Checked, python: Checked):
    code = "await crm.get({ id: 'x' });\nawait crm.find({});\nreturn (await crm.get({ id: 1 })).nope"
    assert [problem.line for problem in typescript.certain(code)] == [1, 2, 3]
    code = "await crm.get(id='x')\nawait crm.find()\n(await crm.get(id=1))['nope']"
    assert [problem.line for problem in python.certain(code)] == [1, 2, 3]


TOLERATED_TYPESCRIPT = (
    "await crm.find({ name: 5, limit: '10' })",  # read as the schema takes them
    "await crm.note({ text: 'x', tags: 'one' })",
    "await crm.note({ text: 'x', extra: [1] })",
    "await crm.count(); await crm.count({})",
    "await crm.find({ name: 'x', limit: undefined })",
    "const args = {}; args.name = 'x'; await crm.find(args)",
    "const base = { name: 'x' }; await crm.find({ ...base, limit: 3 })",
    "await crm.find({ ['name']: 'x' })",
    "await crm.find({ toJSON: () => ({ name: 'x' }) })",
    "const base = { name: 'x' }; await crm.find({ __proto__: base })",
    "const kind = ['person'][0]; await crm.find({ name: 'x', kind })",
    "const to = {}; to.id = 1; await crm.note({ text: 'x', to })",
    "const p = await crm.get({ id: 1 }); return p.phone ?? p.email ?? 'none'",
    "const p = await crm.get({ id: 1 }); if (p.phone) return p.phone; return typeof p.fax",
    "const p = await crm.get({ id: 1 }); const next = p.next; if (!next) return 1",
    "const p = await crm.get({ id: 1 }); p.score = 5; return p.score.toFixed(1)",
    "const p = await crm.get({ id: 1 }); Object.assign(p, { score: 1 }); return p.score",
    "const p = await crm.get({ id: 1 }); return p.address?.city",
    "const p = await crm.get({ id: 1 }); try { return p.a.b } catch { return 0 }",
    "const p = await crm.get({ id: 1 }); return p.tags.length + p.email.length",
    "const p = await crm.get({ id: 1 }); return p.hasOwnProperty('x') && 'y' in p && Object.keys(p)",
    "const d = await crm.deal({ id: 1 }); return d.anything.at.all",
    "const d = await crm.seen({ id: 1 }); return d.anything.at.all",
    "const d = await crm.raw({}); return d.anything.at.all",
    "const all = await crm.find({ name: 'x' }); return all.map(p => p.id).sort((a, b) => a - b).toSorted().at(-1)",
    "const all = await crm.find({ name: 'x' }); const by = Object.groupBy(all, p => p.name); return by.x.length",
    "const crm2 = crm; const { find } = crm; return [await find({ name: 'x' }), await crm2.get({ id: 1 })]",
    "const out = []; for (const p of await crm.find({ name: 'x' })) out.push({ ...p, n: 1 }); return out[0].n",
    "try { await crm.find({ nme: 1 }) } catch (e) { return e.code }",
    "return await crm.find({ nme: 1 }).catch((e) => e.message)",
    "return (await Promise.allSettled([crm.find({ nme: 1 })])).length",
    "const crm = { find: (x) => x }; return crm.find('mine')",
    "await crm.mail({ from: 'a', 'reply-to': 'b' })",
    "console.log(new URL('http://x').host, structuredClone({}), btoa('x')); await codemode.sleep(1); return snippets.x",
    "return await Promise.all([1, 2].map((id) => crm.get({ id })))",
    "let a = null; for (const p of await crm.find({ name: 'x' })) { if (!a || p.id > a.id) a = p } return a.name",
    "const f = function (a, b) { return a + b }; return f(1) + [3, 'x'].includes(null)",
    "return (await crm.get({ id: 1 }))['nam']",
)
TOLERATED_PYTHON = (
    "await crm.find(name=5, limit='10')",
    "await crm.find({'name': 'x'})",
    "await crm.find({'name': 'x'}, limit=2)",
    "await crm.note(text='x', tags='one')",
    "await crm.note(text='x', extra=[1])",
    "args = {}\nargs['name'] = 'x'\nawait crm.find(**args)\nawait crm.find(args)",
    "p = await crm.get(id=1)\np.get('phone') or p.get('email')",
    "p = await crm.get(id=1)\nx = p['phone'] if 'phone' in p else None",
    "p = await crm.get(id=1)\np['score'] = 5\np['score'] + 1",
    "p = await crm.get(id=1)\np.update({'score': 1})\np['score']",
    "p = await crm.get(id=1)\ntry:\n    p['a']['b']\nexcept KeyError:\n    pass",
    "p = await crm.get(id=1)\nlen(p['tags']) + len(p['email'])",
    "p = await crm.get(id=1)\nfor k, v in p.items(): print(k, v)",
    "d = await crm.deal(id=1)\nd['anything']['at']",
    "d = await crm.seen(id=1)\nd['anything']['at']",
    "d = await crm.raw()\nd['anything']['at']",
    "import asyncio\nall = await asyncio.gather(*[crm.get(id=i) for i in (1, 2)])\nsorted(p['name'] for p in all)",
    "import asyncio\nfound = await asyncio.gather(crm.find(nme=1), return_exceptions=True)",
    "try:\n    await crm.find(nme=1)\nexcept Exception as e:\n    print(e.code)",
    "crm = {}\ncrm['x'] = 1\nprint(crm.get('x'))",
    "await crm.mail(from_='a', reply_to='b')",
    "print(input['n'], input.get('x'))\nawait codemode.sleep(1)",
    "all = await crm.find(name='x')\nrows = []\nfor p in all: rows.append({**p, 'n': 1})\nrows[0]['n']",
    "async def one(id):\n    return await crm.get(id=id)\nx = await one(1)\nx['id']",
)


@pytest.mark.parametrize("code", TOLERATED_TYPESCRIPT)
def test_what_may_work_in_typescript_is_not_certain_to_fail(typescript: Checked, code: str):
    assert typescript.certain(code) == []


@pytest.mark.parametrize("code", TOLERATED_PYTHON)
def test_what_may_work_in_python_is_not_certain_to_fail(python: Checked, code: str):
    assert python.certain(code) == []


def test_what_is_only_suspicious_is_advice(typescript: Checked, python: Checked):
    (found,) = typescript.problems("const d = await crm.deal({ id: 1 }); return d.titel")
    assert (found.certain, "Did you mean 'title'" in found.message) == (False, True)
    (found,) = python.problems("d = await crm.deal(id=1)\nd['titel']")
    assert (found.certain, 'did you mean "title"' in found.message) == (False, True)


def test_no_name_that_only_the_checker_knows_is_told(typescript: Checked, python: Checked):
    told = [problem.message for mistake in MISTAKES for problem in typescript.problems(mistake[1])]
    told += [problem.message for mistake in MISTAKES for problem in python.problems(mistake[2])]
    assert told
    assert all(message.isascii() and "_crm" not in message for message in told)


@pytest.mark.parametrize("code", ["await crm.fnd(id=1)", "await crm.people.find(name='x')", "crm.get.x"])
def test_of_the_names_of_tools_the_catalogue_speaks_and_not_the_checker(python: Checked, code: str):
    assert not any("_crm" in problem.message for problem in python.problems(code))


@pytest.mark.parametrize("language", ["typescript", "python"])
def test_no_program_that_finishes_in_the_suite_of_guests_is_refused(language: Language, request: pytest.FixtureRequest):
    checked: Checked = request.getfixturevalue(language)
    for case in cases_in(language):
        if case.fails is None:
            assert checked.certain(case.programs[language], OF_GUEST_SUITE) == [], case.name


@pytest.mark.parametrize("language", ["typescript", "python"])
def test_no_program_of_the_corpus_is_refused(language: Language, request: pytest.FixtureRequest):
    checked: Checked = request.getfixturevalue(language)
    for example in corpus.corpus(language):
        assert checked.certain(example.code, OF_CORPUS) == [], example.name


@pytest.mark.parametrize("language", ["typescript", "python"])
def test_no_generated_program_is_refused(language: Language, request: pytest.FixtureRequest):
    checked: Checked = request.getfixturevalue(language)
    for seed in range(300 if language == "typescript" else 60):
        example = generated.generated(seed, language)
        assert checked.certain(example.code, OF_CORPUS) == [], example.name


def test_arguments_are_read_from_the_text_without_any_checker():
    checker = TypeScriptChecker(Path("/nowhere/tsc"))
    program = dissect("await crm.find({ nme: 'x' }); return (await crm.get({ id: 1 })).nam.length")
    assert program is not None
    (found,) = checker.problems(program, CRM)
    assert (found.certain, found.line, found.column) == (True, 1, 18)
