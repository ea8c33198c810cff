// What a program finds in its world beside the language: namespaces, console, timers and the web's small classes.
// Run once, when the engine is built, and baked into it. It works with built-ins captured here, before any program
// runs, so a program that replaces JSON, Map or Promise harms only itself: no for-of, no spread, no method of a
// prototype is used on the way of a call, an answer or the end.
// `host` is guest.c. The value is the list of roots that guest.c calls, in the order of its enum.
((host) => {
  'use strict';
  const call = Function.prototype.call;
  const bare = call.bind.bind(call); // bare(Array.prototype.push)(array, item)
  const {
    create, freeze, defineProperty, getOwnPropertyDescriptor, getPrototypeOf, keys: ownKeys, setPrototypeOf, fromEntries,
  } = Object;
  const { apply, ownKeys: allKeys } = Reflect;
  const { isArray } = Array;
  const { isNaN: isNotANumber, isInteger, isSafeInteger } = Number;
  const { stringify } = JSON;
  const { floor, min, max, abs, trunc } = Math;
  const BaseError = Error, BaseTypeError = TypeError, BaseRangeError = RangeError, BasePromise = Promise, BaseSymbol = Symbol;
  const text = String, number = Number;
  const push = bare(Array.prototype.push), join = bare(Array.prototype.join), sort = bare(Array.prototype.sort);
  const slice = bare(String.prototype.slice), indexOf = bare(String.prototype.indexOf), repeat = bare(String.prototype.repeat);
  const replaceAll = bare(String.prototype.replaceAll), padEnd = bare(String.prototype.padEnd), split = bare(String.prototype.split);
  const charCodeAt = bare(String.prototype.charCodeAt), codePointAt = bare(String.prototype.codePointAt);
  const startsWith = bare(String.prototype.startsWith), includes = bare(String.prototype.includes);
  const has = bare(Object.prototype.hasOwnProperty), then = bare(Promise.prototype.then);
  const mapGet = bare(Map.prototype.get), mapSet = bare(Map.prototype.set), mapHas = bare(Map.prototype.has);
  const mapDelete = bare(Map.prototype.delete), NativeMap = Map, NativeSet = Set;
  const weakGet = bare(WeakMap.prototype.get), weakSet = bare(WeakMap.prototype.set), weakHas = bare(WeakMap.prototype.has);
  const isoString = bare(Date.prototype.toISOString), functionText = bare(Function.prototype.toString);
  const symbolText = bare(Symbol.prototype.toString), regexpText = bare(RegExp.prototype.toString);
  const describeSymbol = bare(getOwnPropertyDescriptor(Symbol.prototype, 'description').get);

  const hidden = (object, name, value) => defineProperty(object, name, { value, writable: true, configurable: true });
  const install = (name, value) => hidden(globalThis, name, value);
  const record = (members) => setPrototypeOf(members, null);

  // ---- failures ------------------------------------------------------------------------------------------------

  const failures = new WeakMap(); // error -> the failure that it stands for

  class ToolError extends BaseError {}
  class GuestError extends BaseError {}
  hidden(ToolError.prototype, 'name', 'ToolError');
  hidden(GuestError.prototype, 'name', 'GuestError');
  install('ToolError', ToolError);
  install('GuestError', GuestError);

  const raise = (failure) => {
    const error = failure.kind === 'guest' ? new GuestError(failure.message) : new ToolError(failure.message);
    if (failure.name !== error.name) hidden(error, 'name', failure.name);
    hidden(error, 'code', failure.code);
    if (failure.content !== undefined) hidden(error, 'content', failure.content);
    weakSet(failures, error, failure);
    return error;
  };

  const short = (string, most) => (string.length > most ? slice(string, 0, most) + '…' : string);

  // The words of a member that a program may have made anything of.
  const wordsOf = (object, name) => {
    try {
      const value = object[name];
      return typeof value === 'string' ? short(value, 20000) : undefined;
    } catch {
      return undefined;
    }
  };

  const explain = (thrown) => {
    const stack = host.stack(thrown);
    const known = typeof thrown === 'object' && thrown !== null ? weakGet(failures, thrown) : undefined;
    if (known) return record({ ...known, stack });
    const kind = host.kind(thrown);
    if (kind === 'Error' || kind === 'DOMException') {
      const code = wordsOf(thrown, 'code') === 'bad_value' ? 'bad_value' : 'thrown';
      let message = wordsOf(thrown, 'message') ?? '', cause;
      try { cause = thrown.cause; } catch {}
      if (cause !== undefined && host.kind(cause) === 'Error') message += ` (cause: ${wordsOf(cause, 'message') ?? ''})`;
      if (kind === 'Error' && isArray(thrown.errors) && !message) message = short(inspect(thrown.errors), 2000);
      return record({ code, name: wordsOf(thrown, 'name') || 'Error', message, stack });
    }
    let message;
    try { message = typeof thrown === 'string' ? short(thrown, 20000) : short(inspect(thrown), 2000); } catch { message = 'a value that cannot be read'; }
    return record({ code: 'thrown', name: 'Thrown', message, stack });
  };

  const warnRejection = (reason) => {
    const failure = explain(reason);
    const words = failure.message ? `${failure.name}: ${failure.message}` : failure.name;
    const place = typeof failure.stack === 'string' ? failure.stack : '';
    host.print(`warning: unhandled rejection: ${words}\u0000${place}`, true);
  };

  // ---- namespaces ----------------------------------------------------------------------------------------------

  const namespaces = new WeakMap(); // namespace -> its name

  // Names that the language or a library asks of any object: never a tool unless it is listed.
  const protocolNames = record({});
  for (const name of ['then', 'catch', 'finally', 'toJSON', 'toString', 'valueOf', 'constructor', 'prototype', 'inspect', 'length',
    'name', 'hasOwnProperty', 'isPrototypeOf', 'propertyIsEnumerable', 'toLocaleString', '__proto__', '__defineGetter__',
    '__defineSetter__', '__lookupGetter__', '__lookupSetter__', 'nodeType', 'tagName', '$$typeof', '@@iterator']) protocolNames[name] = true;

  const readOnly = (name) => () => { throw new BaseTypeError(`${name} is read-only: keep values in a variable of your own`); };

  const namespace = (name, methods, sugar) => {
    const target = create(null);
    for (let i = 0; i < methods.length; i++) {
      const method = methods[i];
      const value = sugar && has(sugar, method) ? sugar[method] : host.method(name + '.' + method);
      if (!(sugar && has(sugar, method))) defineProperty(value, 'name', { value: method, configurable: true });
      defineProperty(target, method, { value, enumerable: true });
    }
    freeze(target);
    const other = new NativeMap();
    const get = (_, key) => {
      if (typeof key !== 'string') return undefined;
      if (has(target, key)) return target[key];
      if (sugar && has(sugar, key)) return sugar[key];
      if (protocolNames[key]) return undefined;
      let method = mapGet(other, key);
      if (!method) mapSet(other, key, method = host.method(name + '.' + key));
      return method;
    };
    const refuse = readOnly(name);
    const traps = record({ get, set: refuse, defineProperty: refuse, deleteProperty: refuse, setPrototypeOf: refuse });
    const proxy = new Proxy(target, traps);
    weakSet(namespaces, proxy, name);
    return proxy;
  };

  const installNamespaces = (lists) => {
    const names = ownKeys(lists);
    for (let i = 0; i < names.length; i++) {
      const name = names[i];
      const value = namespace(name, lists[name], name === 'codemode' ? sugarOfCodemode() : undefined);
      defineProperty(globalThis, name, { get: () => value, set: readOnly(name), enumerable: true, configurable: false });
    }
  };

  // ---- codemode: the same calls, with arguments by position ------------------------------------------------------

  const isPlain = (value) => typeof value === 'object' && value !== null && !isArray(value);

  const sugarOfCodemode = () => {
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
    const describe = positional('describe', 'path', 'options');
    const step = async (name, work) => {
      if (typeof work !== 'function') throw new BaseTypeError('codemode.step takes a name and a function: codemode.step("load", async () => {...})');
      return await work();
    };
    const sugar = record({
      sleep: positional('sleep', 'seconds'),
      search: positional('search', 'query', 'options'),
      describe: (paths, options) => {
        if (!isArray(paths)) return describe(paths, options);
        const args = { paths };
        if (isPlain(options)) { const more = ownKeys(options); for (let k = 0; k < more.length; k++) args[more[k]] = options[more[k]]; }
        return send('describe', args);
      },
      run: (name, input) => (isPlain(name) ? send('run', name) : send('run', input === undefined ? { name } : { name, input })),
      show: (value) => send('show', { value }),
      result: positional('result', 'run'),
      step,
      state: freeze(record({ get: positional('state_get', 'key'), set: positional('state_set', 'key', 'value') })),
    });
    return sugar;
  };

  // ---- timers: calls like any other ------------------------------------------------------------------------------

  const timers = new NativeMap(); // id -> the number of its outstanding call
  let lastTimer = 0;

  const arm = (id, seconds, fire) => {
    const promise = host.call('codemode.sleep', { seconds });
    mapSet(timers, id, host.last());
    then(promise, () => { if (mapHas(timers, id)) fire(); });
  };
  const timer = (again) => function (callback, ms, ...args) {
    if (typeof callback !== 'function') throw new BaseTypeError('the first argument of a timer is a function');
    const id = ++lastTimer, wait = number(ms), seconds = (wait > 0 ? wait : 0) / 1000;
    const fire = () => {
      if (again) arm(id, seconds, fire); else mapDelete(timers, id);
      apply(callback, undefined, args);
    };
    arm(id, seconds, fire);
    return id;
  };
  const clear = (id) => {
    const seq = mapGet(timers, id);
    if (seq === undefined) return;
    mapDelete(timers, id);
    host.drop(seq);
  };
  const soon = (callback, ...args) => {
    if (typeof callback !== 'function') throw new BaseTypeError('the first argument is a function');
    then(resolved, () => { apply(callback, undefined, args); });
  };
  const resolved = BasePromise.resolve();
  install('setTimeout', timer(false));
  install('setInterval', timer(true));
  install('clearTimeout', (id) => clear(id));
  install('clearInterval', (id) => clear(id));
  install('setImmediate', soon);
  install('clearImmediate', () => {});
  install('queueMicrotask', (callback) => soon(callback));

  // ---- console ---------------------------------------------------------------------------------------------------

  const inspect = (value) => (typeof value === 'string' ? value : stringify(value) ?? text(value));
  const print = (...given) => {
    let line = '';
    for (let i = 0; i < given.length; i++) line += (i ? ' ' : '') + inspect(given[i]);
    host.print(line);
  };
  install('console', { log: print, info: print, warn: print, error: print, debug: print });
  //@ more

  return [installNamespaces, raise, explain, warnRejection, (globalThis.Blob ?? {}).prototype ?? {}];
});
