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

const PIECE_BYTES = 512 << 10; // 683 KiB as base64: below the cap on one answer; MAX_PIECE_BYTES of builtin.py
const TAGGED_JSON = 'application/json; tags=toolscript'; // of codec.py: what the host itself put away
const readBlob = (args) => host.call('codemode.read_blob', args);
const readPiece = (id, start, most) => readBlob({ id, start, end: min(most, start + PIECE_BYTES) });
const place = (offset, size) => { // as in Blob.slice of the web: negative from the end, within the bounds
  const whole = trunc(number(offset)) || 0;
  return whole < 0 ? max(0, size + whole) : min(size, whole);
};
const wholeCharacters = (bytes) => { // how many of the bytes, up to the end of the last whole UTF-8 character
  let lead = bytes.length - 1;
  while (lead > bytes.length - 4 && lead > 0 && (bytes[lead] & 0xc0) === 0x80) lead--;
  const first = bytes[lead], length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 1;
  return lead > 0 && lead + length > bytes.length ? lead : bytes.length;
};

// A handle on bytes that the host keeps; reading it is a call. Only an answer makes one.
class Blob {
  constructor() { throw new BaseTypeError('A Blob comes from a tool: use a string or a Uint8Array for bytes of your own'); }
  bytes() { return this.size > PIECE_BYTES ? this.slice() : readBlob({ id: this.id }); }
  async arrayBuffer() { return (await this.bytes()).buffer; }
  async text() {
    if (!(this.size > PIECE_BYTES)) return host.text(await this.bytes(), false);
    let string = '';
    for (let at = 0, n; at < this.size; at += n) {
      const piece = await readPiece(this.id, at, this.size);
      n = at + piece.length < this.size ? wholeCharacters(piece) : piece.length;
      if (!n) break; // it is shorter than its handle says
      string += host.text(n < piece.length ? piece.subarray(0, n) : piece, false);
    }
    return string;
  }
  async json() {
    const string = await this.text();
    return this.type === TAGGED_JSON ? host.value(string) : JSON.parse(string);
  }
  async slice(start = 0, end = this.size) {
    const from = place(start, this.size), to = max(from, place(end, this.size));
    if (to - from <= PIECE_BYTES) return to === from ? new NativeUint8Array(0) : readPiece(this.id, from, to);
    const bytes = new NativeUint8Array(to - from);
    for (let at = from; at < to; at += PIECE_BYTES) bytes.set(await readPiece(this.id, at, to), at - from);
    return bytes;
  }
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
