// URL and URLSearchParams, after the WHATWG URL standard as far as programs use it: no IDNA, no IPv4 number forms.
const PORTS = record({ 'http:': '80', 'https:': '443', 'ftp:': '21', 'ws:': '80', 'wss:': '443', 'file:': '' });

let isQuery, isUrl; // whether an object is one, for its words in console.log

const percent = (string, keep) => {
  let result = '';
  for (const character of string) {
    if (keep.test(character)) { result += character; continue; }
    for (const byte of host.utf8(character)) result += '%' + hex(byte).toUpperCase();
  }
  return result;
};
const KEEP_PATH = /[^\x00-\x20"#<>?`{}\x7f-\u{10ffff}]/u, KEEP_QUERY = /[^\x00-\x20"#<>\x7f-\u{10ffff}]/u, KEEP_HASH = /[^\x00-\x20"<>`\x7f-\u{10ffff}]/u;
const KEEP_USER = /[^\x00-\x20"#<>?`{}\/:;=@[\\\]^|\x7f-\u{10ffff}]/u, KEEP_FORM = /[A-Za-z0-9*\-._]/;

const decodePercent = (string) => {
  const bytes = [], source = host.utf8(string);
  for (let i = 0; i < source.length; i++) {
    const code = source[i] === 37 ? parseInt(String.fromCharCode(source[i + 1], source[i + 2]), 16) : NaN;
    if (source[i] === 37 && /^[0-9a-f]{2}$/i.test(String.fromCharCode(source[i + 1], source[i + 2]))) { bytes.push(code); i += 2; } else bytes.push(source[i]);
  }
  return host.text(new NativeUint8Array(bytes), false);
};

const formEncode = (string) => percent(string, KEEP_FORM).replaceAll('%20', '+');
const formDecode = (string) => decodePercent(string.replaceAll('+', ' '));

class URLSearchParams {
  static { isQuery = (value) => #pairs in value; }
  #pairs = [];
  #changed;
  constructor(init = '', changed) {
    this.#changed = changed === make ? arguments[2] : undefined;
    if (typeof init === 'object' && init !== null) {
      const pairs = typeof init[Symbol.iterator] === 'function' ? [...init] : Object.entries(init);
      for (const pair of pairs) {
        if ([...pair].length !== 2) throw new BaseTypeError('each query pair needs a name and a value');
        this.#pairs.push([text(pair[0]), text(pair[1])]);
      }
    } else this.#parse(text(init));
  }
  #parse(query) {
    this.#pairs = query.replace(/^\?/, '').split('&').filter(Boolean).map((part) => {
      const at = part.indexOf('=');
      return at < 0 ? [formDecode(part), ''] : [formDecode(part.slice(0, at)), formDecode(part.slice(at + 1))];
    });
  }
  #tell() { this.#changed?.(this.toString()); }
  get size() { return this.#pairs.length; }
  append(name, value) { this.#pairs.push([text(name), text(value)]); this.#tell(); }
  delete(name, value) { this.#pairs = this.#pairs.filter(([n, v]) => n !== text(name) || (value !== undefined && v !== text(value))); this.#tell(); }
  get(name) { return this.#pairs.find(([n]) => n === text(name))?.[1] ?? null; }
  getAll(name) { return this.#pairs.filter(([n]) => n === text(name)).map(([, v]) => v); }
  has(name, value) { return this.#pairs.some(([n, v]) => n === text(name) && (value === undefined || v === text(value))); }
  set(name, value) {
    const first = this.#pairs.findIndex(([n]) => n === text(name));
    if (first < 0) this.#pairs.push([text(name), text(value)]);
    else this.#pairs = this.#pairs.filter(([n], i) => n !== text(name) || i === first).map((pair, i) => (i === first ? [pair[0], text(value)] : pair));
    this.#tell();
  }
  sort() { this.#pairs.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)); this.#tell(); }
  forEach(callback, receiver) { for (const [name, value] of this.#pairs) callback.call(receiver, value, name, this); }
  *keys() { for (const [name] of this.#pairs) yield name; }
  *values() { for (const [, value] of this.#pairs) yield value; }
  *entries() { for (const pair of this.#pairs) yield [...pair]; }
  [Symbol.iterator]() { return this.entries(); }
  toString() { return this.#pairs.map(([name, value]) => `${formEncode(name)}=${formEncode(value)}`).join('&'); }
  toJSON() { return this.toString(); }
}

const withoutDots = (path) => {
  const result = [], parts = path.split('/').slice(1);
  parts.forEach((part, i) => {
    const plain = part.replace(/%2e/gi, '.'), last = i === parts.length - 1;
    if (plain === '..') { result.pop(); if (last) result.push(''); } else if (plain === '.') { if (last) result.push(''); } else result.push(part);
  });
  return '/' + result.join('/');
};

const hostOf = (given, special) => {
  const name = special ? decodePercent(given).toLowerCase() : given;
  if (!name.startsWith('[') && /[\x00-\x20#%/:<>?@[\\\]^|]/.test(name)) return null;
  return percent(name, /[\x21-\x7e]/);
};

// The parts of an absolute URL, or of a relative one against the parts of `base`; null when it is none.
const parseUrl = (given, base) => {
  let rest = given.replace(/^[\x00-\x20]+|[\x00-\x20]+$/g, '').replace(/[\t\n\r]/g, '');
  const parts = { protocol: '', username: '', password: '', hostname: '', port: '', pathname: '', search: '', hash: '', opaque: false };
  const scheme = /^([a-zA-Z][a-zA-Z0-9+.-]*):/.exec(rest);
  const hashAt = rest.indexOf('#');
  if (hashAt >= 0) { const hash = rest.slice(hashAt + 1); parts.hash = hash ? '#' + percent(hash, KEEP_HASH) : ''; rest = rest.slice(0, hashAt); }
  const relative = !scheme || (base && scheme[1].toLowerCase() + ':' === base.protocol && PORTS[base.protocol] !== undefined && !/^[^:]*:[/\\]/.test(rest));
  if (relative && !base) return null;
  parts.protocol = scheme && !(relative && !scheme) ? scheme[1].toLowerCase() + ':' : base.protocol;
  if (scheme) rest = rest.slice(scheme[0].length);
  const special = PORTS[parts.protocol] !== undefined;
  const queryAt = rest.indexOf('?');
  let query = null;
  if (queryAt >= 0) { query = rest.slice(queryAt + 1); rest = rest.slice(0, queryAt); }
  if (special) rest = rest.replaceAll('\\', '/');
  if (relative && base.opaque) return null;
  if (rest.startsWith('//') || (special && !relative)) {
    if (parts.protocol === 'file:' && !rest.startsWith('//')) rest = '//' + (rest.startsWith('/') ? '' : '/') + rest;
    if (!authority(parts, rest.replace(special && parts.protocol !== 'file:' ? /^\/*/ : /^\/\//, ''), special)) return null;
  } else if (relative) {
    for (const name of ['username', 'password', 'hostname', 'port']) parts[name] = base[name];
    if (rest === '') { parts.pathname = base.pathname; if (query === null) parts.search = base.search; }
    else parts.pathname = withoutDots(percent(rest.startsWith('/') ? rest : base.pathname.replace(/[^/]*$/, '') + rest, KEEP_PATH));
  } else if (rest.startsWith('/')) parts.pathname = withoutDots(percent(rest, KEEP_PATH));
  else { parts.pathname = percent(rest, /[\x20-\x7e]/); parts.opaque = true; }
  if (query) parts.search = '?' + percent(query, KEEP_QUERY);
  return parts;
};

const authority = (parts, rest, special) => {
  const slash = rest.indexOf('/'), path = slash < 0 ? '' : rest.slice(slash);
  let name = slash < 0 ? rest : rest.slice(0, slash);
  const at = name.lastIndexOf('@');
  if (at >= 0) {
    const [user, ...secret] = name.slice(0, at).split(':');
    parts.username = percent(user, KEEP_USER);
    parts.password = percent(secret.join(':'), KEEP_USER);
    name = name.slice(at + 1);
  }
  const found = /^(\[[0-9a-fA-F:.]+\]|[^:]*)(?::(\d*))?$/.exec(name);
  if (!found || number(found[2] || 0) > 65535) return false;
  const hostname = hostOf(found[1], special);
  if (hostname === null || (special && hostname === '' && parts.protocol !== 'file:')) return false;
  parts.hostname = hostname;
  parts.port = found[2] ? text(number(found[2])) : '';
  if (parts.port === PORTS[parts.protocol]) parts.port = '';
  parts.pathname = path || special ? withoutDots(percent(path || '/', KEEP_PATH)) : '';
  return true;
};

class URL {
  static { isUrl = (value) => #parts in value; }
  #parts;
  #params;
  constructor(url, base) {
    const above = base === undefined ? undefined : parseUrl(text(base));
    this.#parts = above === null ? null : parseUrl(text(url), above);
    if (!this.#parts) throw new BaseTypeError(`Invalid URL: ${short(text(url), 200)}`);
    this.#params = new URLSearchParams(this.#parts.search, make, (query) => { this.#parts.search = query ? '?' + query : ''; });
  }
  static canParse(url, base) { try { return !!new URL(url, base); } catch { return false; } }
  static parse(url, base) { try { return new URL(url, base); } catch { return null; } }
  get href() {
    const p = this.#parts, secret = p.password ? ':' + p.password : '', user = p.username || secret ? `${p.username}${secret}@` : '';
    const slashes = p.hostname || PORTS[p.protocol] !== undefined ? '//' : '';
    return `${p.protocol}${slashes}${user}${this.host}${p.pathname}${p.search}${p.hash}`;
  }
  set href(value) { const other = new URL(value); this.#parts = other.#parts; this.#params = other.#params; }
  get origin() { return PORTS[this.#parts.protocol] ? `${this.#parts.protocol}//${this.host}` : 'null'; }
  get protocol() { return this.#parts.protocol; }
  set protocol(value) { this.#parts.protocol = text(value).replace(/:.*$/, '').toLowerCase() + ':'; }
  get username() { return this.#parts.username; }
  set username(value) { this.#parts.username = percent(text(value), KEEP_USER); }
  get password() { return this.#parts.password; }
  set password(value) { this.#parts.password = percent(text(value), KEEP_USER); }
  get host() { return this.#parts.hostname + (this.#parts.port ? ':' + this.#parts.port : ''); }
  set host(value) { authority(this.#parts, text(value).split('/')[0] + this.#parts.pathname, true); }
  get hostname() { return this.#parts.hostname; }
  set hostname(value) { this.#parts.hostname = hostOf(text(value), true) ?? this.#parts.hostname; }
  get port() { return this.#parts.port; }
  set port(value) { const port = text(value); this.#parts.port = port === PORTS[this.#parts.protocol] ? '' : /^\d*$/.test(port) ? port : this.#parts.port; }
  get pathname() { return this.#parts.pathname; }
  set pathname(value) { const path = text(value); this.#parts.pathname = withoutDots(percent(path.startsWith('/') ? path : '/' + path, KEEP_PATH)); }
  get search() { return this.#parts.search; }
  set search(value) {
    const query = text(value).replace(/^\?/, '');
    this.#parts.search = query ? '?' + percent(query, KEEP_QUERY) : '';
    this.#params = new URLSearchParams(this.#parts.search, make, (changed) => { this.#parts.search = changed ? '?' + changed : ''; });
  }
  get hash() { return this.#parts.hash; }
  set hash(value) { const hash = text(value).replace(/^#/, ''); this.#parts.hash = hash ? '#' + percent(hash, KEEP_HASH) : ''; }
  get searchParams() { return this.#params; }
  toString() { return this.href; }
  toJSON() { return this.href; }
}

install('URL', URL);
install('URLSearchParams', URLSearchParams);
