"""What a program may do with members that are not there: it may ask for them. Each rule has neighbours that it allows.

Every program in `ASKS_…` completes with the tools of `typed_tools`, whose results have no `phone`, `items` or `reason`.
"""

from __future__ import annotations

import pytest
from typed_tools import Checked

GET = "const c = await crm.get({ id: 1 }); "
FIND = "const cs = await crm.find({ name: 'x' }); "
ASKS_TYPESCRIPT = (
    # tests, in whatever words
    GET + "return Object.hasOwn(c, 'phone') ? c.phone : 'none'",
    GET + "return c.hasOwnProperty('phone') ? c.phone : 'none'",
    GET + "return Object.keys(c).includes('phone') ? c.phone.length : 0",
    GET + "return new Set(Object.keys(c)).has('phone') ? c.phone.length : 0",
    GET + "if (!Array.isArray(c.items)) return 'no'; return c.items.length",
    GET + "return Number.isFinite(c.score) ? c.score.toFixed() : 0",
    GET + "const isSet = v => v !== undefined; return isSet(c.phone) ? 'y' : 'n'",
    GET + "return c.score > 3 ? 'big' : 'small'",
    GET + "const def = (x, d) => x === undefined ? d : x; return def(c.phone, 'none')",
    GET + "return Math.max(c.score * 2 || 0, 1)",
    GET + "return String(c.phone) === 'undefined'",
    GET + "const labels = { a: 1 }; return labels[c.kind] ?? 'none'",
    # shown, not used
    GET + "console.log(c.phone, `phone: ${c.phone}`); return 1",
    GET + "return JSON.stringify({ phone: c.phone })",
    # of lists
    FIND + "return cs.filter(c => c.phone)",
    FIND + "return cs.filter(c => Boolean(c.phone))",
    FIND + "return cs.filter(function (c) { return c.phone })",
    FIND + "return cs.filter(c => { return !(c.deletedAt) })",
    FIND + "return cs.filter(c => c.score > 3).length",
    FIND + "const has = c => c.phone; return cs.filter(has).length",
    FIND + "return cs.find(c => c.archived)?.name ?? 'none'",
    FIND + "return cs.some(c => c.archived) || cs.every(c => c.ok === undefined)",
    FIND + "return cs.findIndex(c => c.archived)",
    FIND + "return cs.map(c => c.phone).filter(Boolean)",
    FIND + "return cs.map(c => ({ tel: c.phone })).filter(r => r.tel).length",
    FIND + "const rows = cs.map(c => ({ tel: c.phone })); return rows.filter(r => r.tel).length",
    FIND + "const rows = []; for (const c of cs) rows.push({ tel: c.phone }); return rows.filter(r => r.tel).length",
    FIND + "return new Set(cs.map(c => c.city)).size",
    GET + "return [c.phone, c.email, c.name].filter(Boolean)",
    GET + "return [c.phone, c.name].find(Boolean)",
    GET + "return [c.first, c.last].join(' ').trim() || c.name",
    # a condition on the object, or on what was made of it
    GET + "if (c.name === 'zz') return c.reason; return 'live'",
    GET + "if (c.name !== 'zz') return 'live'; return c.reason.length",
    GET + "const s = c.name; if (s === 'zz') return c.reason.length; return 1",
    GET + "const gone = c.name === 'zz'; return gone ? c.reason.length : 1",
    GET + "const is = x => x.name === 'zz'; return is(c) ? c.reason.length : 1",
    GET + "switch (c.name) { case 'zz': return c.reason.length; default: return 1 }",
    GET + "let n = 0; while (c.name === 'zz') { n += c.reason.length; break } return n",
    GET + "c.name === 'zz' && await crm.note({ text: `${c.reason}` }); return 1",
    GET + "if (c.name === 'zz') await crm.note({ text: c.reason }); return 1",
    GET + "if (c.name === 'zz') await crm.note({ text: c }); return 1",
    GET + "return c.email?.startsWith(c.prefix.toLowerCase()) ?? 'none'",
    FIND + "for (const c of cs) if (c.name === 'zz') return c.reason.length; return 1",
    FIND + "for (const c of cs) { if (c.name !== 'zz') continue; return c.reason.length } return 1",
    FIND + "return (cs.length !== undefined ? cs : cs.items).length",
    FIND + "const items = Array.isArray(cs) ? cs : cs.items; return items.length",
    # an object that was chosen
    FIND + "return cs.filter(c => c.name === 'zz').map(c => c.reason.length)",
    FIND + "const old = cs.filter(c => c.name === 'zz'); return old.map(c => c.reason.length)",
    FIND + "const a = cs.find(c => c.name === 'zz'); return a ? a.reason.length : 0",
    FIND + "const a = cs.find(c => c.name === 'zz'); if (!a) return 0; return a.reason.length",
    FIND + "const old = []; for (const c of cs) if (c.name === 'zz') old.push(c); return old.map(c => c.reason.length)",
    FIND + "const pick = (l, s) => l.filter(c => c.name === s); return pick(cs, 'zz').map(c => c.reason.length)",
    FIND + "const by = Object.groupBy(cs, c => c.name); return (by.zz ?? []).map(c => c.reason.length)",
    FIND + "let found = false; for (const c of cs) { if (c.name === 'zz') found = true }"
    " return found ? cs[0].reason.length : 0",
    FIND + "return cs.slice(10).map(c => c.reason.length)",
    # whoever calls the function may ask before
    GET + "const f = () => c.reason.length; return c.name === 'zz' ? f() : 0",
    GET + "function f() { return c.reason.length } if (c.name === 'zz') return f(); return 0",
    GET + "const handlers = { zz() { return c.reason.length } }; return handlers[c.name]?.() ?? 0",
    GET + "const run = { zz: () => c.reason.length }[c.name]; return run ? run() : 0",
    # what `undefined` does no harm to
    GET + "return { ...c.extra, name: c.name }",
    GET + "let n = 0; for (const k in c.meta) n++; return n",
    GET + "const text = `${c.phone}`; return text === 'undefined' ? 'none' : text",
    # never reached
    "async function helper() { const c = await crm.get({ id: 1 }); return c.reason.length } return 1",
    # promises that the program knows to be such
    "const p = crm.get({ id: 1 }); const c = typeof p.then === 'function' ? await p : p.value; return c.name",
    "const p = crm.get({ id: 1 }); return p instanceof Promise ? (await p).name : p.name",
    "let p = crm.get({ id: 1 }); p = await p; return p.name",
    "let p = crm.get({ id: 1 }); p = await p; const q = p; return q.name",
    "let cs = [1].map(id => crm.get({ id })); cs = await Promise.all(cs); return cs[0].name",
    "let cs = [1].map(id => crm.get({ id })); cs = await Promise.all(cs); return cs.map(c => c.name)",
    "const p = crm.get({ id: 1 }); p.label = 'x'; await p; return p.label",
    "const p = crm.get({ id: 1 }); return p.done === undefined ? 'pending' : 'done'",
    "const ps = [1, 2].map(id => { const p = crm.get({ id }); p.key = id; return p }); return ps.map(p => p.key)",
    "const c = input.fresh ? crm.get({ id: 1 }) : { name: 'known' }; return c.name",
    "const c = input.fresh ? crm.get({ id: 1 }) : input.slow ? crm.raw({}) : { name: 'known' }; return c.name",
    "const show = (p: Promise<any>) => p.label + 1; return show({ label: 1 } as any)",
)
REFUSED_TYPESCRIPT = (
    GET + "return c.phone",
    GET + "return { name: c.name, tel: c.phone }",
    GET + "return `Hi ${c.phone}`",
    GET + "return c.first + ' ' + c.last",
    GET + "await crm.note({ text: c.phone })",
    GET + "return c.phone.length",
    GET + "for (const item of c.items) console.log(item)",
    GET + "if (!c) return 'none'; return c.phone",
    GET + "if (input.verbose) return c.phone; return 1",
    FIND + "return cs.map(c => c.phone)",
    FIND + "return cs.map(c => ({ tel: c.phone }))",
    FIND + "if (!cs.length) return []; return cs[0].phone",
    FIND + "if (cs.length === 0) return []; return cs.items.length",
    FIND + "return cs.filter(c => c.phone.startsWith('+41'))",
    FIND + "const [first] = cs.slice(0, 1); await crm.note({ text: `${first.phone}` })",
    "const [a] = await Promise.all([crm.get({ id: 1 })]); return a.phone",
    "return await Promise.all([1].map(async id => { const c = await crm.get({ id }); return c.phone }))",
    "async function main() { const c = await crm.get({ id: 1 }); return c.phone } return await main()",
    "const c = crm.get({ id: 1 }); return c.name",
    "const d = crm.raw({}); return d.rows.length",
    "const ps = [1, 2].map(id => crm.get({ id })); return ps.map(p => p.name)",
    "const load = async (id) => { const c = await crm.get({ id }); return c }; return (load(1)).name",
)
GOT = "c = await crm.get(id=1)\n"
FOUND = "cs = await crm.find(name='x')\n"
ASKS_PYTHON = (
    "import contextlib\n" + GOT + "with contextlib.suppress(KeyError): c['phone']",
    "from contextlib import suppress\n" + GOT + "quiet = suppress(KeyError)\nwith quiet:\n    c['phone']",
    "class Quiet:\n    def __enter__(self): return self\n    def __exit__(self, *a): return True\n"
    + GOT
    + "with Quiet():\n    c['phone']",
    GOT + "if {'phone', 'fax'} <= set(c): c['phone']",
    GOT + "c['phone'] if hasattr(c, 'phone') else None",
    GOT + "c['phone'] if c.keys() >= {'phone'} else None",
    GOT + "want = ['phone', 'name']\nok = not (set(want) - set(c))\nc['phone'] if ok else None",
    GOT + "def has(d, k): return k in d\nc['phone'] if has(c, 'phone') else None",
    GOT + "if c['name'] == 'zz': c['reason']",
    GOT + "c['reason'] if c['name'] == 'zz' else 'live'",
    GOT + "gone = c['name'] == 'zz'\nc['reason'] if gone else 'live'",
    GOT + "def gone(x): return x['name'] == 'zz'\nc['reason'] if gone(c) else 'live'",
    GOT + "c['name'] == 'zz' and c['reason']",
    GOT + "while c['name'] == 'zz': c['reason']",
    GOT + "match c['name']:\n    case 'zz': c['reason']\n    case _: 1",
    GOT + "if c['name'] == 'zz': await crm.note(text=c)",
    GOT + "if type(c).__name__ != 'dict': c.name",
    "import sys\n" + GOT + "if c['name'] != 'zz':\n    sys.exit(0)\nc['reason']",
    "def stop(): raise SystemExit(0)\n" + GOT + "if c['name'] != 'zz': stop()\nc['reason']",
    FOUND + "for c in cs:\n    if c['name'] != 'zz':\n        continue\n    c['reason']",
    FOUND + "[c['reason'] for c in cs if c['name'] == 'zz']",
    FOUND + "old = [c for c in cs if c['name'] == 'zz']\n[c['reason'] for c in old]",
    FOUND + "old = []\nfor c in cs:\n    if c['name'] == 'zz': old.append(c)\n[c['reason'] for c in old]",
    FOUND + "a = next((c for c in cs if c['name'] == 'zz'), None)\na['reason'] if a else None",
    FOUND + "for a in filter(lambda c: c['name'] == 'zz', cs): a['reason']",
    GOT + "f = lambda: c['reason']\nf() if c['name'] == 'zz' else 0",
    GOT + "def tel(): return c['phone']\ntel() if c['name'] == 'zz' else 0",
    FOUND + "found = False\nfor c in cs:\n    if c['name'] == 'zz': found = True\ncs[0]['reason'] if found else 0",
    FOUND + "[c['reason'] for c in cs[10:]]",
    "async def helper():\n    c = await crm.get(id=1)\n    return c['reason']\n1",
    "import asyncio\np = crm.get(id=1)\n(await p)['name'] if asyncio.iscoroutine(p) else p['name']",
    "await crm.find(limit='ten') if False else 1",
)
REFUSED_PYTHON = (
    GOT + "c['phone']",
    GOT + "{'phone': c['phone']}",
    GOT + "if c is None:\n    raise ValueError('none')\nc['phone']",
    GOT + "if input['verbose']: c['phone']",
    GOT + "with open_ as f: c['phone']",
    GOT + "c.name",
    FOUND + "[c['phone'] for c in cs]",
    FOUND + "sorted(cs, key=lambda c: c['phone'])",
    FOUND + "if len(cs) > 0: print(1)\ncs[0]['phone']",
    FOUND + "cs['items']",
    "import asyncio\ncs = await asyncio.gather(*[crm.get(id=i) for i in (1, 2)])\n[c['phone'] for c in cs]",
    "c = crm.get(id=1)\nc['name']",
)


@pytest.mark.parametrize("code", ASKS_TYPESCRIPT)
def test_a_typescript_program_may_ask_for_what_is_not_there(typescript: Checked, code: str):
    assert typescript.certain(code) == []


@pytest.mark.parametrize("code", REFUSED_TYPESCRIPT)
def test_a_typescript_program_that_relies_on_what_is_not_there_is_refused(typescript: Checked, code: str):
    assert typescript.certain(code)


@pytest.mark.parametrize("code", ASKS_PYTHON)
def test_a_python_program_may_ask_for_what_is_not_there(python: Checked, code: str):
    assert python.certain(code) == []


@pytest.mark.parametrize("code", REFUSED_PYTHON)
def test_a_python_program_that_relies_on_what_is_not_there_is_refused(python: Checked, code: str):
    assert python.certain(code)


def test_a_list_is_said_to_be_one(typescript: Checked):
    (found,) = typescript.certain(FIND + "return cs.name")
    assert "It is a list: take an item first" in found.message


CONSTANT_TYPESCRIPT = (
    "const id = 'abc'; return await crm.get({ id })",
    "const id = 'abc' as const; return await crm.get({ id: id })",
    "const q = { nme: 'x' };\nreturn await crm.find(q)",
    "const q = { name: 'x', kind: 'persn' }; console.log(`${q.name}`); return await crm.find(q)",
    "const to = { id: 'abc' }; return await crm.note({ text: 'x', to })",
    "const base = { nme: 'x' }; return await crm.find({ ...base, limit: 3 })",
    "const limit = 'ten'; const q = { name: 'x', limit }; return await crm.find(q)",
    "let id = 'abc'; const go = async () => await crm.get({ id }); return await go()",
)
CHANGED_TYPESCRIPT = (
    "let id = 'abc'; id = 7; return await crm.get({ id })",
    "const id = 'abc'; const go = async (id) => await crm.get({ id }); return await go(3)",
    "const id = 'abc'; { const id = 3; return await crm.get({ id }) }",
    "const q = { nme: 'x' }; delete q.nme; q.name = 'x'; return await crm.find(q)",
    "const q = { nme: 'x' }; q['name'] = 'x'; return await crm.find(q)",
    "const q = { name: 'x', limit: 'ten' }; q.limit = 3; return await crm.find(q)",
    "const q = { name: 'x', limit: 'ten' }; const r = q; r.limit = 3; return await crm.find(q)",
    "const q = { name: 'x', limit: 'ten' }; fix(q); return await crm.find(q); function fix(o) { o.limit = 3 }",
    "const q = { name: 'x', limit: 'ten' }; [q].forEach(o => { o.limit = 3 }); return await crm.find(q)",
    "const q = { name: 'x', limit: 'ten' }; Object.assign(q, { limit: 3 }); return await crm.find(q)",
    "const q = { name: 'x', limit: 'ten' }; for (const k in q) q[k] = 3; return await crm.find(q)",
    "const q = { name: 'x', limit: 'ten' }; ({ set(o) { o.limit = 3 } }).set(q); return await crm.find(q)",
    "const q = { text: 'x', tags: [1, {}] }; q.tags.pop(); return await crm.note(q)",
    "const q = { text: 'x', tags: [{}] }; const { tags } = q; tags.pop(); return await crm.note(q)",
    "const base = { name: 'x', limit: 'ten' }; return await crm.find({ ...base, limit: 3 })",
    "const base = { limit: undefined }; return await crm.find({ name: 'x', limit: 'ten', ...base })",
    "const q = { name: 'x', get limit() { return 3 } }; return await crm.find(q)",
    "const q = { nme: 'x' }; try { return await crm.find(q) } catch { return 0 }",
    "const q = { nme: 'x' }; const alias = () => q; alias().name = 'x'; return await crm.find(q)",
)
CONSTANT_PYTHON = (
    "id = 'abc'\nawait crm.get(id=id)",
    "q = {'nme': 'x'}\nawait crm.find(**q)",
    "q = {'nme': 'x'}\nawait crm.find(q)",
    "q = {'nme': 'x'}\nprint(f'{q}', 1)\nawait crm.find({**q, 'limit': 3})",
    "to = {'id': 'abc'}\nawait crm.note(text='x', to=to)",
    "LIMIT = 'ten'\nasync def go():\n    return await crm.find(name='x', limit=LIMIT)\nawait go()",
    "async def go():\n    q = {'nme': 'x'}\n    return await crm.find(**q)\nawait go()",
)
CHANGED_PYTHON = (
    "id = 'abc'\nid = 7\nawait crm.get(id=id)",
    "id = 'abc'\nasync def go(id): return await crm.get(id=id)\nawait go(3)",
    "if input:\n    id = 'abc'\nawait crm.get(id=id)",
    "class A:\n    id = 'abc'\nawait crm.get(id=id)",
    "def f():\n    limit = 'ten'\nawait crm.find(name='x', limit=limit)",
    "q = {'name': 'x', 'limit': 'ten'}\nq['limit'] = 3\nawait crm.find(**q)",
    "q = {'name': 'x', 'limt': 3}\ndel q['limt']\nawait crm.find(**q)",
    "q = {'name': 'x', 'limt': 3}\nq.pop('limt')\nawait crm.find(**q)",
    "q = {'name': 'x', 'limit': 'ten'}\nr = q\nr['limit'] = 3\nawait crm.find(q)",
    "q = {'name': 'x', 'limit': 'ten'}\nfix(q)\nawait crm.find(q)",
    "q = {'name': 'x', 'limit': 'ten'}\nfor o in [q]: o['limit'] = 3\nawait crm.find(q)",
    "q = {'name': 'x', 'limit': 'ten'}\nq |= {'limit': 3}\nawait crm.find(q)",
    "q = {'name': 'x', 'limit': 'ten'}\nawait crm.find({**q, 'limit': 3})",
    "q = {'text': 'x', 'tags': [{}]}\nq['tags'].pop()\nawait crm.note(**q)",
    "tags = [{}]\ntags[0] = 'a'\nawait crm.note(text='x', tags=tags)",
    "q = {'nme': 'x'}\ntry:\n    await crm.find(**q)\nexcept Exception: pass",
    "q = {'name': 'x', 'limit': 'ten'}\nsetter = q.__setitem__\nsetter('limit', 3)\nawait crm.find(**q)",
)


@pytest.mark.parametrize("code", CONSTANT_TYPESCRIPT)
def test_what_a_constant_holds_is_judged_like_a_literal(typescript: Checked, code: str):
    assert len(typescript.certain(code)) == 1


@pytest.mark.parametrize("code", CHANGED_TYPESCRIPT)
def test_what_a_program_may_change_is_left_to_the_call(typescript: Checked, code: str):
    assert typescript.certain(code) == []


@pytest.mark.parametrize("code", CONSTANT_PYTHON)
def test_what_a_name_surely_holds_is_judged_like_a_literal_in_python(python: Checked, code: str):
    assert len(python.certain(code)) == 1


@pytest.mark.parametrize("code", CHANGED_PYTHON)
def test_what_a_program_may_change_is_left_to_the_call_in_python(python: Checked, code: str):
    assert python.certain(code) == []


def test_a_problem_of_a_constant_is_told_where_it_is_written(typescript: Checked, python: Checked):
    (found,) = typescript.certain("const q = {\n  nme: 'x' };\nreturn await crm.find(q)")
    assert (found.line, found.column) == (2, 3)
    (found,) = python.certain("q = {\n  'nme': 'x'}\nawait crm.find(**q)")
    assert (found.line, found.column) == (2, 3)
