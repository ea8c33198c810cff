// What a program finds beside the language. build.py puts these files into one function of `host` (guest.c), runs it
// once, and bakes what it leaves into the engine.
//
// The built-ins that the way of a call, an answer or the end needs are captured here, before any program runs: a
// program that replaces JSON, Map or Promise harms only itself. On that way there is no for-of, no spread and no
// method of a prototype. The web's classes are on nobody's way, and are written plainly.
const call = Function.prototype.call;
const bare = call.bind.bind(call); // bare(Array.prototype.push)(array, item)
const {
  create, freeze, defineProperty, getOwnPropertyDescriptor, getPrototypeOf, keys: ownKeys, setPrototypeOf, fromEntries,
} = Object;
const { apply, ownKeys: allKeys, preventExtensions } = Reflect;
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

const record = (members) => setPrototypeOf(members, null);
const hidden = (object, name, value) => defineProperty(object, name, record({ value, writable: true, configurable: true }));
const install = (name, value) => hidden(world, name, value);
const world = globalThis;
const NativeUint8Array = Uint8Array, NativeProxy = Proxy;
