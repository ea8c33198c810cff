// A namespace is an object whose own properties are its tools; any other name is a call that the host refuses.
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
