// The methods of `codemode`: ordinary calls, whose arguments may also stand by position.
const isPlain = (value) => typeof value === 'object' && value !== null && !isArray(value);

const send = (method, args) => host.call('codemode.' + method, args);
const positional = (method, ...names) => (...given) => {
  if (given.length === 1 && isPlain(given[0])) return send(method, given[0]);
  const args = {};
  for (let i = 0; i < given.length && i < names.length; i++) {
    if (names[i] === 'options') { if (isPlain(given[i])) { const more = ownKeys(given[i]); for (let k = 0; k < more.length; k++) args[more[k]] = given[i][more[k]]; } }
    else if (given[i] !== undefined) args[names[i]] = given[i];
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

const sugarOfCodemode = record({
  sleep: positional('sleep', 'seconds'),
  search: positional('search', 'query', 'options'),
  describe: positional('describe', 'paths', 'options'),
  run: (name, input) => host.run(isPlain(name) ? name : input === undefined ? { name } : { name, input }),
  show: (value) => send('show', { value }),
  result: positional('result', 'run'),
  step,
  state: freeze(record({
    get: positional('state_get', 'key'),
    set: positional('state_set', 'key', 'value'),
    delete: positional('state_delete', 'key'),
    keys: () => send('state_keys', {}),
  })),
});
