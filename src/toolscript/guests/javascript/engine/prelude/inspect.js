// Values in words, as console.log prints them: like Node's util.inspect, in small.
const MOST_DEPTH = 5, MOST_ITEMS = 100, MOST_TEXT = 10000, MOST_WIDTH = 100, MOST_CHARACTERS = 200000;

const quote = (string) => {
  const cut = string.length > MOST_TEXT ? slice(string, 0, MOST_TEXT) : string;
  const json = stringify(cut);
  const inner = replaceAll(slice(json, 1, -1), '\\"', '"');
  const quoted = includes(inner, "'") ? (includes(inner, '"') ? json : `"${inner}"`) : `'${inner}'`;
  return cut === string ? quoted : `${quoted}… ${string.length - MOST_TEXT} more characters`;
};

const isName = (key) => {
  if (key === '') return false;
  for (let i = 0; i < key.length; i++) {
    const c = charCodeAt(key, i);
    const letter = (c >= 97 && c <= 122) || (c >= 65 && c <= 90) || c === 95 || c === 36 || c > 127;
    if (!letter && !(i > 0 && c >= 48 && c <= 57)) return false;
  }
  return true;
};

const classNameOf = (value) => {
  try {
    const prototype = getPrototypeOf(value);
    if (prototype === null) return null;
    const maker = getOwnPropertyDescriptor(prototype, 'constructor');
    const name = maker && typeof maker.value === 'function' && getOwnPropertyDescriptor(maker.value, 'name');
    return name && typeof name.value === 'string' ? name.value : '';
  } catch {
    return '';
  }
};

const inspectPrimitive = (value) => {
  switch (typeof value) {
    case 'string': return quote(value);
    case 'bigint': return `${value}n`;
    case 'symbol': return symbolText(value);
    case 'number': return value === 0 && 1 / value < 0 ? '-0' : text(value);
    default: return text(value);
  }
};

const inspectFunction = (value) => {
  const name = getOwnPropertyDescriptor(value, 'name');
  const own = name && typeof name.value === 'string' ? name.value : '';
  try { if (startsWith(functionText(value), 'class')) return own ? `[class ${own}]` : '[class (anonymous)]'; } catch {}
  return own ? `[Function: ${own}]` : '[Function (anonymous)]';
};

const inspectError = (value) => {
  const name = wordsOf(value, 'name') || 'Error', message = wordsOf(value, 'message') ?? '';
  return message ? `${name}: ${message}` : name;
};

// One line when it is short, else one item a line.
const layOut = (open, items, close, indent, flow) => {
  if (items.length === 0) return open + close;
  let width = open.length + close.length + indent, multiline = false;
  for (let i = 0; i < items.length; i++) {
    width += items[i].length + 2;
    if (includes(items[i], '\n')) multiline = true;
  }
  if (!multiline && width <= MOST_WIDTH) return `${open} ${join(items, ', ')} ${close}`;
  const margin = '\n' + repeat(' ', indent + 2);
  if (!flow || multiline) return open + margin + join(items, ',' + margin) + '\n' + repeat(' ', indent) + close;
  let body = '', line = '';
  for (let i = 0; i < items.length; i++) {
    const item = items[i] + (i + 1 < items.length ? ',' : '');
    if (line && line.length + item.length + 1 > MOST_WIDTH) { body += margin + line; line = item; } else line = line ? `${line} ${item}` : item;
  }
  return open + body + margin + line + '\n' + repeat(' ', indent) + close;
};

const inspectMembers = (value, items, state, depth, skip) => {
  const keys = allKeys(value);
  let shown = 0;
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i], property = getOwnPropertyDescriptor(value, key);
    if (!property || !property.enumerable || (skip && typeof key === 'string' && skip(key))) continue;
    if (++shown > MOST_ITEMS) { push(items, '…'); break; }
    const label = typeof key === 'symbol' ? `[${symbolText(key)}]` : isName(key) ? key : quote(key);
    const held = property.get ? (property.set ? '[Getter/Setter]' : '[Getter]') : property.set ? '[Setter]' : inspectAny(property.value, state, depth + 1);
    push(items, `${label}: ${held}`);
  }
};

const isIndex = (key) => { const n = number(key); return isInteger(n) && n >= 0 && text(n) === key; };

const inspectList = (value, length, state, depth) => {
  const items = [];
  let i = 0, holes = 0;
  const flush = () => { if (holes) push(items, `<${holes} empty item${holes > 1 ? 's' : ''}>`); holes = 0; };
  for (; i < length && items.length < MOST_ITEMS; i++) {
    const property = getOwnPropertyDescriptor(value, i);
    if (!property) { holes++; if (holes > 10000) { holes += length - i - 1; i = length; } continue; }
    flush();
    push(items, property.get ? '[Getter]' : inspectAny(property.value, state, depth + 1));
  }
  flush();
  if (i < length) push(items, `… ${length - i} more item${length - i > 1 ? 's' : ''}`);
  return items;
};

const inspectCollection = (value, state, depth, pairs) => {
  const flat = host.items(value), items = [], step = pairs ? 2 : 1;
  for (let i = 0; i < flat.length && items.length < MOST_ITEMS; i += step) {
    const item = inspectAny(flat[i], state, depth + 1);
    push(items, pairs ? `${item} => ${inspectAny(flat[i + 1], state, depth + 1)}` : item);
  }
  if (flat.length / step > MOST_ITEMS) push(items, `… ${flat.length / step - MOST_ITEMS} more items`);
  return [items, flat.length / step];
};

const inspectNamespace = (value, name) => `[Namespace ${name}: ${join(ownKeys(value), ', ')}]`;

const inspectObject = (value, state, depth) => {
  const kind = host.kind(value), name = classNameOf(value), indent = depth * 2;
  const prefix = (usual) => (name === usual ? '' : name === null ? '[null prototype] ' : name ? name + ' ' : '');
  const items = [];
  switch (kind) {
    case 'Array': {
      const list = inspectList(value, value.length, state, depth);
      inspectMembers(value, list, state, depth, isIndex);
      return layOut(name === 'Array' ? '[' : `${name || 'Array'}(${value.length}) [`, list, ']', indent, true);
    }
    case 'Map': case 'Set': {
      const [list, size] = inspectCollection(value, state, depth, kind === 'Map');
      inspectMembers(value, list, state, depth);
      return layOut(`${name || kind}(${size}) {`, list, '}', indent, kind === 'Set');
    }
    case 'Date': { try { return isoString(value); } catch { return 'Invalid Date'; } }
    case 'RegExp': return regexpText(value);
    case 'Error': case 'DOMException': {
      inspectMembers(value, items, state, depth);
      if (value.content !== undefined && !items.length && weakHas(failures, value)) push(items, `content: ${inspectAny(value.content, state, depth + 1)}`);
      const words = inspectError(value);
      return items.length ? `${words} ${layOut('{', items, '}', indent, false)}` : words;
    }
    case 'Promise': {
      const settled = host.promise(value);
      if (settled === null) return 'Promise { <pending> } (did you forget await?)';
      return `Promise { ${settled[1] ? '<rejected> ' : ''}${inspectAny(settled[0], state, depth + 1)} }`;
    }
    case 'WeakMap': case 'WeakSet': return `${kind} { <items unknown> }`;
    case 'ArrayBuffer': return inspectObject(new NativeUint8Array(value), state, depth).replace('Uint8Array', 'ArrayBuffer');
    case 'Number': case 'String': case 'Boolean': case 'BigInt': case 'Symbol': return `[${kind}: ${inspectPrimitive(value.valueOf())}]`;
    case 'Generator': case 'AsyncGenerator': return `Object [${kind}] {}`;
    case 'Arguments': { return layOut('[Arguments] [', inspectList(value, value.length, state, depth), ']', indent, true); }
  }
  if (kind.endsWith('Array')) return layOut(`${name || kind}(${value.length}) [`, inspectList(value, value.length, state, depth), ']', indent, true);
  if (typeof value === 'function') {
    inspectMembers(value, items, state, depth);
    return items.length ? `${inspectFunction(value)} ${layOut('{', items, '}', indent, false)}` : inspectFunction(value);
  }
  if (isUrl(value)) push(items, `href: ${quote(value.href)}`);
  if (isQuery(value)) for (const [key, held] of value) push(items, `${quote(key)} => ${quote(held)}`);
  inspectMembers(value, items, state, depth);
  return layOut(`${prefix('Object')}{`, items, '}', indent, false);
};

const inspectAny = (value, state, depth) => {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) {
    const words = inspectPrimitive(value);
    state.left -= words.length;
    return words;
  }
  if (state.left < 0) return '…';
  const name = weakGet(namespaces, value);
  if (name !== undefined) return inspectNamespace(value, name);
  for (let i = 0; i < state.above.length; i++) if (state.above[i] === value) return '[Circular]';
  if (host.kind(value) === 'Proxy') {
    let target;
    try { target = host.target(value); } catch { return '<Revoked Proxy>'; }
    return target === null ? '<Revoked Proxy>' : inspectAny(target, state, depth);
  }
  if (depth > MOST_DEPTH) return isArray(value) ? '[Array]' : `[${classNameOf(value) || 'Object'}]`;
  push(state.above, value);
  let words;
  try { words = inspectObject(value, state, depth); } catch { words = '[unreadable]'; }
  state.above.length--;
  state.left -= 8;
  return words;
};

const inspect = (value) => inspectAny(value, { above: [], left: MOST_CHARACTERS }, 0);
