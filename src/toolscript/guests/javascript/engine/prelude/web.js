// The web's small classes that programs expect. A program that changes a built-in may break them for itself.
class TextEncoder {
  get encoding() { return 'utf-8'; }
  encode(string = '') { return host.utf8(text(string)); }
  encodeInto(string, target) {
    let read = 0, written = 0;
    for (const character of text(string)) {
      const bytes = host.utf8(character);
      if (written + bytes.length > target.length) break;
      target.set(bytes, written);
      written += bytes.length;
      read += character.length;
    }
    return { read, written };
  }
}

class TextDecoder {
  #fatal;
  constructor(label = 'utf-8', options = {}) {
    if (!['utf-8', 'utf8', 'unicode-1-1-utf-8'].includes(text(label).trim().toLowerCase())) {
      throw new BaseRangeError(`There is no encoding ${label} in here: only utf-8`);
    }
    this.#fatal = !!options.fatal;
  }
  get encoding() { return 'utf-8'; }
  get fatal() { return this.#fatal; }
  decode(bytes) {
    if (bytes === undefined) return '';
    const string = host.text(bytes, this.#fatal);
    if (string === null) throw new BaseTypeError('the bytes are not valid UTF-8');
    return charCodeAt(string, 0) === 0xfeff ? slice(string, 1) : string;
  }
}

const cloneError = (value) => new DOMException(`${typeof value === 'symbol' ? symbolText(value) : inspect(value)} could not be cloned.`, 'DataCloneError');

const clone = (value, seen) => {
  if (typeof value === 'function' || typeof value === 'symbol') throw cloneError(value);
  if (typeof value !== 'object' || value === null) return value;
  if (mapHas(seen, value)) return mapGet(seen, value);
  const kind = host.kind(value);
  const keep = (copy) => { mapSet(seen, value, copy); return copy; };
  switch (kind) {
    case 'Date': return keep(new Date(value.getTime()));
    case 'RegExp': return keep(new RegExp(value.source, value.flags));
    case 'Number': case 'String': case 'Boolean': case 'BigInt': return keep(Object(value.valueOf()));
    case 'ArrayBuffer': return keep(value.slice(0));
    case 'DataView': return keep(new DataView(clone(value.buffer, seen), value.byteOffset, value.byteLength));
    case 'Blob': return value;
    case 'Map': { const copy = keep(new NativeMap()); for (const [k, v] of value) mapSet(copy, clone(k, seen), clone(v, seen)); return copy; }
    case 'Set': { const copy = keep(new NativeSet()); for (const item of value) copy.add(clone(item, seen)); return copy; }
    case 'Error': {
      const makers = { EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError };
      const copy = keep(new (makers[value.name] ?? BaseError)(value.message));
      if (has(value, 'cause')) hidden(copy, 'cause', clone(value.cause, seen));
      return copy;
    }
    case 'Promise': case 'WeakMap': case 'WeakSet': case 'Proxy': case 'Generator': throw cloneError(value);
  }
  if (kind.endsWith('Array') && kind !== 'Array') return keep(value.slice());
  const copy = keep(kind === 'Array' ? new Array(value.length) : {});
  for (const key of ownKeys(value)) defineProperty(copy, key, { value: clone(value[key], seen), writable: true, enumerable: true, configurable: true });
  return copy;
};

class EventTarget {
  #listeners = [];
  addEventListener(type, listener, options) {
    if (this.#listeners.some((l) => l.type === type && l.listener === listener)) return;
    this.#listeners.push({ type, listener, once: !!options?.once });
  }
  removeEventListener(type, listener) { this.#listeners = this.#listeners.filter((l) => l.type !== type || l.listener !== listener); }
  dispatchEvent(event) {
    for (const l of [...this.#listeners]) {
      if (l.type !== event.type) continue;
      if (l.once) this.removeEventListener(l.type, l.listener);
      if (typeof l.listener === 'function') l.listener.call(this, event); else l.listener.handleEvent(event);
    }
    const handler = this['on' + event.type];
    if (typeof handler === 'function') handler.call(this, event);
    return true;
  }
}

class Event {
  constructor(type, members = {}) { Object.assign(this, members); defineProperty(this, 'type', { value: text(type), enumerable: true }); }
}

const make = record({ signal: null }); // the one way to make an AbortSignal

class AbortSignal extends EventTarget {
  #aborted = false;
  #reason;
  onabort = null;
  constructor(key) {
    if (key !== make) throw new BaseTypeError('Illegal constructor: use new AbortController().signal');
    super();
  }
  get aborted() { return this.#aborted; }
  get reason() { return this.#reason; }
  throwIfAborted() { if (this.#aborted) throw this.#reason; }
  static abort(reason) { const signal = new AbortSignal(make); make.abort(signal, reason); return signal; }
  static timeout(ms) {
    const signal = new AbortSignal(make);
    globalThis.setTimeout(() => make.abort(signal, new DOMException('The operation timed out.', 'TimeoutError')), ms);
    return signal;
  }
  static any(signals) {
    const signal = new AbortSignal(make);
    for (const s of signals) {
      if (s.aborted) { make.abort(signal, s.reason); break; }
      s.addEventListener('abort', () => make.abort(signal, s.reason), { once: true });
    }
    return signal;
  }
  static {
    make.abort = (signal, reason = new DOMException('This operation was aborted', 'AbortError')) => {
      if (signal.#aborted) return;
      signal.#aborted = true;
      signal.#reason = reason;
      signal.dispatchEvent(new Event('abort', { target: signal }));
    };
  }
}

class AbortController {
  #signal = new AbortSignal(make);
  get signal() { return this.#signal; }
  abort(reason) { make.abort(this.#signal, reason); }
}

// A handle on bytes that the host keeps; reading it is a call. Only an answer makes one.
class Blob {
  constructor() { throw new BaseTypeError('A Blob comes from a tool: use a string or a Uint8Array for bytes of your own'); }
  bytes() { return host.call('codemode.read_blob', { id: this.id }); }
  async arrayBuffer() { return (await this.bytes()).buffer; }
  async text() { return host.text(await this.bytes(), false); }
  async json() { return JSON.parse(await this.text()); }
  slice(start = 0, end = this.size) { return host.call('codemode.read_blob', { id: this.id, start, end }); }
}

const hex = (byte) => (byte < 16 ? '0' : '') + byte.toString(16);

const crypto = {
  getRandomValues(array) {
    const bytes = new NativeUint8Array(array.buffer, array.byteOffset, array.byteLength);
    if (bytes.length > 65536) throw new DOMException('at most 65536 bytes at a time', 'QuotaExceededError');
    for (let i = 0; i < bytes.length; i++) bytes[i] = host.random() & 255;
    return array;
  },
  randomUUID() {
    const bytes = crypto.getRandomValues(new NativeUint8Array(16));
    bytes[6] = (bytes[6] & 15) | 64;
    bytes[8] = (bytes[8] & 63) | 128;
    let id = '';
    for (let i = 0; i < 16; i++) id += (i === 4 || i === 6 || i === 8 || i === 10 ? '-' : '') + hex(bytes[i]);
    return id;
  },
};

let origin;
const performance = {
  get timeOrigin() { return (origin ??= host.now()); },
  now() { origin ??= host.now(); return host.now() - origin; },
  mark() {},
  measure() {},
};

install('TextEncoder', TextEncoder);
install('TextDecoder', TextDecoder);
install('structuredClone', (value) => clone(value, new NativeMap()));
install('EventTarget', EventTarget);
install('Event', Event);
install('AbortSignal', AbortSignal);
install('AbortController', AbortController);
install('Blob', Blob);
install('crypto', crypto);
install('performance', performance);
