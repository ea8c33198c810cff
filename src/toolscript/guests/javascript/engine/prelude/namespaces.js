// A namespace is an object whose own properties are its tools; any other name is a call that the host refuses.
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
    if (!method) mapSet(unlisted, path, method = host.method(path, key));
    return method;
  },
  set: refuse,
  defineProperty: refuse,
  deleteProperty: refuse,
  setPrototypeOf: refuse,
});

const namespaceNames = new WeakMap(); // target -> its name
const unlisted = new NativeMap(); // path -> the function for a name that is not listed
let codemodeTarget;

const installNamespaces = (lists) => {
  const names = ownKeys(lists);
  for (let i = 0; i < names.length; i++) {
    const name = names[i], methods = lists[name], target = create(null);
    if (name === 'codemode') codemodeTarget = target;
    for (let k = 0; k < methods.length; k++) {
      const method = methods[k];
      const value = target === codemodeTarget && has(sugarOfCodemode, method) ? sugarOfCodemode[method] : host.method(name + '.' + method, method);
      defineProperty(target, method, { value, enumerable: true });
    }
    preventExtensions(target);
    weakSet(namespaceNames, target, name);
    const value = new NativeProxy(target, namespaceTraps);
    weakSet(namespaces, value, name);
    defineProperty(globalThis, name, { value, enumerable: true, writable: false, configurable: false });
  }
};
