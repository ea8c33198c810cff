// The methods of `codemode`: ordinary calls, whose arguments may also stand by position.
const isPlain = (value) => typeof value === 'object' && value !== null && !isArray(value);

const send = (method, args) => host.call('codemode.' + method, args);
const positional = (method, ...names) => (...given) => {
  if (given.length === 1 && isPlain(given[0])) return send(method, given[0]);
  const args = {};
  for (let i = 0; i < given.length && i < names.length; i++) {
    if (names[i] === 'options') {
      if (given[i] === undefined) continue;
      if (!isPlain(given[i])) throw new BaseTypeError(`codemode.${method} takes further arguments in an object: codemode.${method}(${names[0]}, { ... })`);
      const more = ownKeys(given[i]);
      for (let k = 0; k < more.length; k++) args[more[k]] = given[i][more[k]];
    } else if (given[i] !== undefined) args[names[i]] = given[i];
  }
  return send(method, args);
};
const ignore = () => {};
const mark = (name, mark) => { then(host.call('codemode.step', { name, mark }), ignore, ignore); }; // nothing waits for it
const step = async (name, work) => {
  if (typeof name !== 'string' || typeof work !== 'function') {
    throw new BaseTypeError('codemode.step takes a name and a function: codemode.step("load", async () => {...})');
  }
  mark(name, 'begin');
  let value;
  try { value = await work(); } catch (error) { mark(name, 'failed'); throw error; }
  mark(name, 'end');
  return value;
};

// What the host answers to a run call (guest/snippets.c): a script, evaluated as the program itself was.
const startSnippet = (answer, stack, depth) => {
  if (!isPlain(answer) || typeof answer.script !== 'string') throw new BaseTypeError('the snippet came in a form that cannot be run');
  installNamespaces(answer.namespaces);
  const main = host.load(answer.script, answer.name, depth);
  return then(main(answer.input), undefined, (reason) => host.rethrow(reason, stack));
};

// Each page is a call of the tool. How the next page is asked for may be learned from the first one: hence two tries.
const itemsOf = async function* (tool, path, args, limit) {
  let given = 0;
  while (given < limit) {
    let result, page;
    for (let tries = 0; tries < 2; tries++) {
      result = await tool(args);
      page = await send('next_page', { path, args });
      if (page.known) break;
    }
    if (!page.known) throw new BaseError(`what follows a page of ${path} is not known: its arguments were changed on the way`);
    let items = page.items ? result : [result];
    for (let i = 0; page.items && i < page.items.length; i++) items = items[page.items[i]];
    for (let i = 0; i < items.length && given < limit; i++, given++) yield items[i];
    if (!page.next) return;
    args = page.next;
  }
};
const pages = (tool, args = {}, options = {}) => {
  const path = typeof tool === 'function' ? weakGet(pathsOfMethods, tool) : undefined;
  if (path === undefined || !isPlain(args) || !isPlain(options)) {
    throw new BaseTypeError('codemode.pages takes a tool and its arguments: for await (const item of codemode.pages(crm.list, {...}, { limit: 100 }))');
  }
  const limit = options.limit ?? Infinity;
  if (typeof limit !== 'number' || !(limit >= 0)) throw new BaseRangeError('limit is how many items are wanted at most, a number');
  return itemsOf(tool, path, args, limit);
};

const sugarOfCodemode = record({
  sleep: positional('sleep', 'seconds'),
  search: positional('search', 'query', 'options'),
  describe: positional('describe', 'paths', 'options'),
  run: (name, input) => host.run(isPlain(name) ? name : input === undefined ? { name } : { name, input }),
  show: (value) => send('show', { value }),
  result: positional('result', 'run'),
  pages,
  step,
  state: freeze(record({
    get: positional('state_get', 'key'),
    set: positional('state_set', 'key', 'value'),
    delete: positional('state_delete', 'key'),
    keys: () => send('state_keys', {}),
  })),
});
