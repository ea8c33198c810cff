// A namespace is an object whose own properties are its tools; any other name is a call that the host refuses.
// `snippets` is no source of tools: its methods are saved programs, which run in here.
const SNIPPETS = 'snippets';
const namespaces = new WeakMap(); // namespace -> its name

// Names that the language or a library asks of any object: never a tool unless it is listed.
const protocolNames = record({});
for (const name of ['then', 'catch', 'finally', 'toJSON', 'toString', 'valueOf', 'constructor', 'prototype', 'inspect', 'length',
  'name', 'hasOwnProperty', 'isPrototypeOf', 'propertyIsEnumerable', 'toLocaleString', '__proto__', '__defineGetter__',
  '__defineSetter__', '__lookupGetter__', '__lookupSetter__', 'nodeType', 'tagName', '$$typeof', '@@iterator']) protocolNames[name] = true;

const refuse = (target) => {
  throw new BaseTypeError(`${weakGet(namespaceNames, target)} is read-only: keep values in a variable of your own`);
};

// One set of traps for all namespaces: making a namespace is part of every start.
const namespaceTraps = record({
  get(target, key) {
    if (typeof key !== 'string') return undefined;
    if (has(target, key)) return target[key];
    if (target === codemodeTarget && has(sugarOfCodemode, key)) return sugarOfCodemode[key];
    if (protocolNames[key]) return undefined;
    const path = weakGet(namespaceNames, target) + '.' + key;
    let method = mapGet(unlisted, path);
    if (!method) mapSet(unlisted, path, method = methodOf(weakGet(namespaceNames, target), key));
    return method;
  },
  set: refuse,
  defineProperty: refuse,
  deleteProperty: refuse,
  setPrototypeOf: refuse,
  preventExtensions: refuse,
});

const namespaceNames = new WeakMap(); // target -> its name
const unlisted = new NativeMap(); // path -> the function for a name that is not listed
const targets = record({}); // name -> target
let codemodeTarget;

// Own slots only: a program may have put getters and setters on Object.prototype before a snippet's names are installed.
const slot = record({ value: undefined, enumerable: true, writable: false, configurable: false });
const put = (object, name, value) => { slot.value = value; defineProperty(object, name, slot); };

const pathsOfMethods = new WeakMap(); // a tool's function -> its path
const methodOf = (name, method) => {
  if (name === SNIPPETS) return host.snippet(method);
  if (name === 'codemode' && has(sugarOfCodemode, method)) return sugarOfCodemode[method];
  const path = name + '.' + method, made = host.method(path, method);
  weakSet(pathsOfMethods, made, path);
  return made;
};

const newNamespace = (name) => {
  const target = targets[name] = create(null), value = new NativeProxy(target, namespaceTraps);
  if (name === 'codemode') codemodeTarget = target;
  weakSet(namespaceNames, target, name);
  weakSet(namespaces, value, name);
  put(world, name, value);
  return target;
};

// At the start, and for each snippet: it may know of more than the program does.
const installNamespaces = (lists) => {
  const names = ownKeys(lists);
  for (let i = 0; i < names.length; i++) {
    const name = names[i], methods = lists[name], target = targets[name] ?? newNamespace(name);
    for (let k = 0; k < methods.length; k++) {
      const method = methods[k];
      if (!has(target, method)) put(target, method, methodOf(name, method));
    }
  }
};
