// Intl in small: numbers, dates and order for the locales that programs ask for most. What is not here says so.
// Source of the formats: CLDR, as Node shows it. Minus is ASCII everywhere, and all calendars are Gregorian.
// group, decimal, date (M month, D day, Y year; doubled: two digits), clock, between date and time
const localeTable = record({
  'en-US': [',', '.', 'M/D/Y', 'PM', ', '], 'en-GB': [',', '.', 'DD/MM/Y', '', ', '], 'en-CA': [',', '.', 'Y-MM-DD', 'p.m.', ', '],
  'en-AU': [',', '.', 'DD/MM/Y', 'pm', ', '], 'en-IN': [',', '.', 'D/M/Y', 'pm', ', '], 'de-DE': ['.', ',', 'D.M.Y', '', ', '],
  'fr-FR': ['\u202f', ',', 'DD/MM/Y', '', ' '], 'sv-SE': ['\u00a0', ',', 'Y-MM-DD', '', ' '], 'it-IT': ['.', ',', 'DD/MM/Y', '', ', '],
  'pt-BR': ['.', ',', 'DD/MM/Y', '', ', '], 'nl-NL': ['.', ',', 'D-M-Y', '', ', '], 'es-ES': ['.', ',', 'D/M/Y', 'H', ', '],
  'ja-JP': [',', '.', 'Y/M/D', 'H', ' '],
});
const localeOf = (given) => {
  const asked = isArray(given) ? given[0] : given;
  if (asked === undefined || asked === 'default') return 'en-US';
  const tag = text(asked);
  if (!/^[a-z]{2,3}(-[a-z0-9]{1,8})*$/i.test(tag)) throw new BaseRangeError(`Incorrect locale information provided: ${tag}`);
  if (localeTable[tag]) return tag;
  const language = tag.split('-')[0].toLowerCase();
  const near = ownKeys(localeTable).find((name) => name.toLowerCase() === tag.toLowerCase()) ?? (language === 'en' ? 'en-US' : undefined);
  if (near) return near;
  if (tag.length === 2) { const found = ownKeys(localeTable).find((name) => name.startsWith(language + '-')); if (found) return found; }
  throw new BaseRangeError(`There is no data for the locale ${tag} in here: use ${join(ownKeys(localeTable), ', ')}, or put the text together from its parts`);
};
const notHere = (what, instead) => { throw new BaseRangeError(`There is no ${what} in here: ${instead}`); };
const oneOf = (name, value, usual, ...allowed) => {
  if (value === undefined) return usual;
  if (!allowed.includes(text(value))) notHere(`${name} '${text(value)}'`, `use ${allowed.map((a) => `'${a}'`).join(', ')}`);
  return text(value);
};
const digitsOption = (name, value, least, most, usual) => {
  if (value === undefined) return usual;
  const n = floor(number(value));
  if (!(n >= least && n <= most)) throw new BaseRangeError(`${name} value is out of range.`);
  return n;
};

// ---- numbers
const currencySigns = record({ USD: 'US$', EUR: '€', GBP: '£', JPY: '¥', INR: '₹', CNY: 'CN¥', KRW: '₩', CAD: 'CA$', AUD: 'A$', NZD: 'NZ$', MXN: 'MX$', BRL: 'R$', ILS: '₪', VND: '₫' });
const homeSigns = record({ 'en-US USD': '$', 'en-CA CAD': '$', 'en-AU AUD': '$', 'de-DE USD': '$', 'en-IN USD': '$', 'ja-JP USD': '$', 'fr-FR USD': '$US', 'ja-JP JPY': '￥', 'it-IT USD': 'USD' });
const wholeCurrencies = ['JPY', 'KRW', 'VND', 'CLP', 'ISK'];
const isFinal = (value) => typeof value === 'bigint' || Number.isFinite(value);

// The shortest decimal text of a number, as digits before and after the point: what is rounded is what is seen.
const decimalOf = (value) => {
  const [mantissa, exponent] = text(value).replace(/^-/, '').split('e');
  let [whole, part = ''] = mantissa.split('.');
  const shift = number(exponent ?? 0);
  if (shift > 0) { part = part.padEnd(shift, '0'); whole += part.slice(0, shift); part = part.slice(shift); }
  if (shift < 0) { whole = whole.padStart(1 - shift, '0'); part = whole.slice(shift) + part; whole = whole.slice(0, shift); }
  return [whole.replace(/^0+(?=\d)/, ''), part];
};
const rounded = (whole, part, most) => {
  if (part.length <= most) return [whole, part];
  let digits = whole + part.slice(0, max(most, 0));
  if (part[most] >= '5') digits = text(BigInt(digits) + 1n).padStart(digits.length, '0');
  return most ? [digits.slice(0, -most), digits.slice(-most)] : [digits, ''];
};
const significant = (whole, part, most) => {
  const places = whole === '0' ? part.search(/[1-9]/) : -whole.length;
  const keep = most + (places < 0 && whole === '0' ? 0 : places);
  if (keep >= 0) return rounded(whole, part, keep);
  const unit = 10n ** BigInt(-keep);
  return [text((BigInt(whole) + unit / 2n) / unit * unit), ''];
};
const compactNames = [['', ''], ['K', ' thousand'], ['M', ' million'], ['B', ' billion'], ['T', ' trillion']];

class NumberFormat {
  #o;
  constructor(locales, options = {}) {
    const locale = localeOf(locales), o = options ?? {};
    const style = oneOf('style', o.style, 'decimal', 'decimal', 'percent', 'currency');
    const notation = oneOf('notation', o.notation, 'standard', 'standard', 'compact');
    if (style === 'currency' && o.currency === undefined) throw new BaseTypeError('Currency code is required with currency style.');
    const currency = style === 'currency' ? text(o.currency).toUpperCase() : undefined;
    const usual = style === 'currency' ? (wholeCurrencies.includes(currency) ? 0 : 2) : 0;
    const compact = notation === 'compact', few = style === 'decimal' && !compact;
    const least = digitsOption('minimumFractionDigits', o.minimumFractionDigits, 0, 100);
    const most = digitsOption('maximumFractionDigits', o.maximumFractionDigits, 0, 100);
    if (least !== undefined && most !== undefined && least > most) throw new BaseRangeError('maximumFractionDigits value is out of range.');
    const mostSignificant = digitsOption('maximumSignificantDigits', o.maximumSignificantDigits, 1, 21);
    const leastSignificant = digitsOption('minimumSignificantDigits', o.minimumSignificantDigits, 1, 21);
    this.#o = {
      locale, style, currency, notation,
      minimumIntegerDigits: digitsOption('minimumIntegerDigits', o.minimumIntegerDigits, 1, 21, 1),
      minimumFractionDigits: least ?? (compact ? 0 : min(usual, most ?? usual)),
      maximumFractionDigits: most ?? max(few ? 3 : compact ? 0 : usual, least ?? 0),
      minimumSignificantDigits: leastSignificant, maximumSignificantDigits: mostSignificant ?? (leastSignificant && 21),
      roundCompact: compact && least === undefined && most === undefined && mostSignificant === undefined,
      useGrouping: o.useGrouping !== false && o.useGrouping !== 'false', signDisplay: oneOf('signDisplay', o.signDisplay, 'auto', 'auto', 'always', 'never', 'exceptZero', 'negative'),
      accounting: oneOf('currencySign', o.currencySign, 'standard', 'standard', 'accounting') === 'accounting',
      currencyDisplay: oneOf('currencyDisplay', o.currencyDisplay, 'symbol', 'symbol', 'narrowSymbol', 'code'),
      compactDisplay: oneOf('compactDisplay', o.compactDisplay, 'short', 'short', 'long'),
    };
    if (compact && !locale.startsWith('en-')) notHere(`compact notation for ${locale}`, 'use en-US, or divide and round yourself');
    this.format = (value) => this.formatToParts(value).map((part) => part.value).join('');
  }
  #digits(value) {
    const o = this.#o;
    let [whole, part] = decimalOf(value), tail = '';
    if (o.style === 'percent') { part = part.padEnd(2, '0'); whole = (whole + part.slice(0, 2)).replace(/^0+(?=\d)/, ''); part = part.slice(2); }
    const cut = (w, p) => {
      if (o.maximumSignificantDigits) return significant(w, p, o.maximumSignificantDigits);
      if (o.roundCompact) return w.length > 1 ? rounded(w, p, 0) : significant(w, p, 2);
      return rounded(w, p, o.maximumFractionDigits);
    };
    if (o.notation === 'compact') {
      let step = min(floor((whole.length - 1) / 3), 4);
      const scaled = (n) => (n ? cut(whole.slice(0, -3 * n), whole.slice(-3 * n) + part) : cut(whole, part));
      let [w, p] = scaled(step);
      if (w.length > 3 && step < 4) [w, p] = scaled(++step);
      whole = w; part = p.replace(/0+$/, '');
      tail = compactNames[step][o.compactDisplay === 'long' ? 1 : 0];
    } else [whole, part] = cut(whole, part);
    part = part.replace(/0+$/, '');
    let least = o.minimumFractionDigits;
    if (o.maximumSignificantDigits) least = o.minimumSignificantDigits ? max(0, o.minimumSignificantDigits - (whole === '0' ? -max(part.search(/[1-9]/), 0) : whole.length)) : 0;
    return [whole.padStart(o.minimumIntegerDigits, '0'), part.padEnd(least, '0'), tail];
  }
  formatToParts(given) {
    const o = this.#o, [groupSign, point] = localeTable[o.locale], parts = [];
    const value = typeof given === 'bigint' ? given : number(given), put = (type, words) => { if (words) push(parts, { type, value: words }); };
    const negative = value < 0 || Object.is(value, -0);
    const [whole, part, tail] = isFinal(value) ? this.#digits(value) : [value !== value ? 'NaN' : '∞', '', ''];
    const isZero = !/[1-9∞]/.test(whole + part);
    let sign = '';
    if (negative && value === value) sign = o.signDisplay === 'never' || (isZero && (o.signDisplay === 'exceptZero' || o.signDisplay === 'negative')) ? '' : '-';
    else if (o.signDisplay === 'always' || (o.signDisplay === 'exceptZero' && !isZero)) sign = '+';
    const bracketed = sign === '-' && o.accounting && o.style === 'currency';
    const before = o.locale.startsWith('en-') || o.locale === 'ja-JP' || o.locale === 'pt-BR' || o.locale === 'nl-NL';
    const spaced = o.locale === 'pt-BR' || o.locale === 'nl-NL';
    let currency = '';
    if (o.style === 'currency') {
      const own = homeSigns[`${o.locale} ${o.currency}`] ?? currencySigns[o.currency];
      currency = o.currencyDisplay === 'code' || own === undefined ? o.currency : o.currencyDisplay === 'narrowSymbol' ? own.replace(/^(US|CA|A|NZ|MX|CN)(?=\W)/, '') : own;
    }
    if (bracketed) put('literal', '('); else if (!(spaced && o.locale === 'nl-NL' && currency)) put(sign === '+' ? 'plusSign' : 'minusSign', sign);
    if (currency && before) { put('currency', currency); if (spaced || /[A-Z]$/.test(currency)) put('literal', '\u00a0'); }
    if (spaced && o.locale === 'nl-NL' && currency && !bracketed) put(sign === '+' ? 'plusSign' : 'minusSign', sign);
    const wide = o.locale === 'es-ES' || o.locale === 'it-IT' ? 5 : 4;
    if (/^\d/.test(whole) && o.useGrouping && whole.length >= wide) {
      const pattern = o.locale === 'en-IN' ? /\B(?=(?:\d{2})*\d{3}$)/ : /\B(?=(?:\d{3})+$)/;
      const pieces = whole.split(pattern);
      pieces.forEach((piece, i) => { if (i) put('group', groupSign); put('integer', piece); });
    } else put(whole === 'NaN' ? 'nan' : whole === '∞' ? 'infinity' : 'integer', whole);
    if (part) { put('decimal', point); put('fraction', part); }
    put('compact', tail);
    if (o.style === 'percent') { if (/^(de|fr|sv|es)/.test(o.locale)) put('literal', '\u00a0'); put('percentSign', '%'); }
    if (currency && !before) { put('literal', '\u00a0'); put('currency', currency); }
    if (bracketed) put('literal', ')');
    return parts;
  }
  resolvedOptions() { const { roundCompact, accounting, ...o } = this.#o; return { ...o, numberingSystem: 'latn' }; }
}

// ---- dates
const monthNames = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December'];
const dayNames = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const two = (n) => text(n).padStart(2, '0');
const zoneOffset = (zone) => {
  if (/^(utc|gmt|z|etc\/(utc|gmt|uct|zulu))$/i.test(zone)) return 0;
  const found = /^([+-])(\d\d):?(\d\d)?$/.exec(zone);
  if (!found) throw new BaseRangeError(`There is no data for the time zone ${zone} in here: only UTC and offsets such as '+02:00'`);
  return (found[1] === '-' ? -1 : 1) * (number(found[2]) * 60 + number(found[3] ?? 0));
};
const dateStyles = record({
  full: { weekday: 'long', year: 'numeric', month: 'long', day: 'numeric' }, long: { year: 'numeric', month: 'long', day: 'numeric' },
  medium: { year: 'numeric', month: 'short', day: 'numeric' }, short: { year: '2-digit', month: 'numeric', day: 'numeric' },
});
const timeStyles = record({
  full: { hour: 'numeric', minute: '2-digit', second: '2-digit', timeZoneName: 'long' }, long: { hour: 'numeric', minute: '2-digit', second: '2-digit', timeZoneName: 'short' },
  medium: { hour: 'numeric', minute: '2-digit', second: '2-digit' }, short: { hour: 'numeric', minute: '2-digit' },
});
const dateFields = ['weekday', 'year', 'month', 'day'], timeFields = ['hour', 'minute', 'second', 'fractionalSecondDigits', 'dayPeriod'];

class DateTimeFormat {
  #o;
  constructor(locales, options, usual = 'any') { // which fields there are when none is asked for
    const locale = localeOf(locales), given = options ?? {}, o = record({ locale });
    for (const name of [...dateFields, ...timeFields, 'timeZoneName', 'hour12', 'hourCycle']) if (given[name] !== undefined) o[name] = given[name];
    if (given.era !== undefined || o.dayPeriod !== undefined) notHere('era or dayPeriod', 'leave it out');
    if (given.dateStyle !== undefined || given.timeStyle !== undefined) {
      if (given.dateStyle !== undefined) Object.assign(o, dateStyles[oneOf('dateStyle', given.dateStyle, '', 'full', 'long', 'medium', 'short')]);
      if (given.timeStyle !== undefined) Object.assign(o, timeStyles[oneOf('timeStyle', given.timeStyle, '', 'full', 'long', 'medium', 'short')]);
      o.at = given.dateStyle === 'full' || given.dateStyle === 'long';
    } else {
      const dated = dateFields.some((f) => o[f]), timed = timeFields.some((f) => o[f]);
      const lacking = usual === 'date' ? !dated : usual === 'time' ? !timed : !dated && !timed;
      if (lacking && usual !== 'time') Object.assign(o, { year: 'numeric', month: 'numeric', day: 'numeric' });
      if (lacking && (usual === 'time' || usual === 'all')) Object.assign(o, { hour: 'numeric', minute: '2-digit', second: '2-digit' });
    }
    if ((o.weekday || ['long', 'short', 'narrow'].includes(o.month)) && !locale.startsWith('en-')) notHere(`name of a month or weekday for ${locale}`, 'use en-US, or a table of your own');
    o.timeZone = given.timeZone === undefined ? 'UTC' : text(given.timeZone);
    o.offset = zoneOffset(o.timeZone);
    this.#o = o;
    this.format = (date) => this.formatToParts(date).map((part) => part.value).join('');
  }
  formatToParts(given) {
    const o = this.#o, time = given === undefined ? host.now() : number(given);
    if (!(abs(time) <= 8.64e15)) throw new BaseRangeError('Invalid time value');
    const at = new Date(time + o.offset * 60000), parts = [];
    const put = (type, value) => push(parts, { type, value: text(value) });
    if (dateFields.some((field) => o[field])) this.#date(at, put);
    if (timeFields.some((field) => o[field])) {
      if (parts.length) put('literal', o.at && o.locale.startsWith('en-') ? ' at ' : localeTable[o.locale][4]);
      this.#time(at, put);
    }
    if (o.timeZoneName) {
      put('literal', timeFields.some((field) => o[field]) ? ' ' : ', ');
      const m = abs(o.offset), short = o.offset ? `GMT${o.offset < 0 ? '-' : '+'}${floor(m / 60)}${m % 60 ? ':' + two(m % 60) : ''}` : 'UTC';
      put('timeZoneName', o.timeZoneName === 'long' && !o.offset ? 'Coordinated Universal Time' : short);
    }
    return parts;
  }
  #date(at, put) {
    const o = this.#o, order = localeTable[o.locale][2];
    const year = o.year === '2-digit' ? two(at.getUTCFullYear() % 100) : at.getUTCFullYear();
    const weekday = o.weekday && (o.weekday === 'long' ? dayNames[at.getUTCDay()] : dayNames[at.getUTCDay()].slice(0, o.weekday === 'narrow' ? 1 : 3));
    const name = monthNames[at.getUTCMonth()], wordy = ['long', 'short', 'narrow'].includes(o.month);
    const shortName = o.locale === 'en-GB' || o.locale === 'en-AU' ? name.slice(0, name === 'September' ? 4 : o.locale === 'en-AU' && (name === 'June' || name === 'July') ? 4 : 3) : name.slice(0, 3);
    if (wordy) {
      const month = o.month === 'long' ? name : o.month === 'short' ? (o.locale === 'en-CA' && name !== 'May' ? name.slice(0, name === 'September' ? 4 : 3) : shortName) : name[0];
      const day = o.day && (o.day === '2-digit' ? two(at.getUTCDate()) : at.getUTCDate());
      const american = o.locale === 'en-US' || o.locale === 'en-CA';
      if (weekday) { put('weekday', weekday); put('literal', american || o.at || o.locale === 'en-IN' || o.weekday !== 'long' ? ', ' : o.locale === 'en-AU' || o.locale === 'en-GB' ? ' ' : ', '); }
      if (!american && day) { put('day', day); put('literal', ' '); }
      put('month', month);
      if (american && day) { put('literal', ' '); put('day', day); }
      if (o.year) { put('literal', american && day ? ', ' : ' '); put('year', year); }
      return;
    }
    if (weekday) { put('weekday', weekday); if (o.year || o.month || o.day) put('literal', ', '); }
    const separator = order.replace(/[A-Z]/g, '')[0], fixed = o.locale === 'sv-SE' || o.locale === 'en-CA';
    let first = true;
    for (const letters of order.split(separator)) {
      const field = letters[0] === 'Y' ? 'year' : letters[0] === 'M' ? 'month' : 'day';
      if (!o[field]) continue;
      if (!first) put('literal', separator);
      first = false;
      const n = field === 'month' ? at.getUTCMonth() + 1 : at.getUTCDate();
      const several = o.month && (o.day || o.year);
      put(field, field === 'year' ? year : o[field] === '2-digit' || (letters.length > 1 && several && (!fixed || o.year)) ? two(n) : n);
    }
    if (o.locale === 'de-DE' && o.day && o.month && !o.year) put('literal', '.');
  }
  #time(at, put) {
    const o = this.#o, clock = localeTable[o.locale][3], h = at.getUTCHours();
    const twelve = o.hour12 ?? (o.hourCycle ? o.hourCycle === 'h12' || o.hourCycle === 'h11' : clock !== '' && clock !== 'H');
    let first = true;
    const field = (type, value) => { if (!first) put('literal', ':'); first = false; put(type, value); };
    if (o.hour) {
      let hour = twelve ? h % 12 || 12 : h;
      if (!twelve && !o.hourCycle && o.hour12 === false && clock !== '' && clock !== 'H' && h === 0) hour = 24; // as Node does
      field('hour', o.hour === '2-digit' || (!twelve && clock !== 'H') ? two(hour) : hour);
    }
    if (o.minute) field('minute', o.hour || o.second ? two(at.getUTCMinutes()) : at.getUTCMinutes());
    if (o.second) field('second', o.minute || o.second === '2-digit' && o.hour ? two(at.getUTCSeconds()) : at.getUTCSeconds());
    if (o.fractionalSecondDigits) { put('literal', localeTable[o.locale][1]); put('fractionalSecond', text(at.getUTCMilliseconds()).padStart(3, '0').slice(0, o.fractionalSecondDigits)); }
    if (o.hour && twelve) { put('literal', ' '); const half = h < 12 ? 'AM' : 'PM'; put('dayPeriod', clock === 'p.m.' ? `${half[0].toLowerCase()}.m.` : clock === 'pm' ? half.toLowerCase() : half); }
  }
  resolvedOptions() { const { offset, at, ...o } = this.#o; return { ...o, calendar: 'gregory', numberingSystem: 'latn' }; }
}

// ---- order: like the root collation of CLDR for what is ASCII, and letters by their base, accent and case
const rankOf = new NativeUint8Array(128);
[...' _-,;:!?.\'"()[]{}@*/\\&#%`^+<=>|~$0123456789'].forEach((c, i) => { rankOf[charCodeAt(c, 0)] = i + 1; });
for (let i = 0; i < 26; i++) rankOf[65 + i] = rankOf[97 + i] = 60 + i;
for (let i = 9; i < 14; i++) rankOf[i] = 1;
const isDigit = (code) => code >= 48 && code <= 57;
const plainText = /^[\x00-\x7f]*$/, marks = /[\u0300-\u036f]/g;
const wideLetters = record({ 'ß': 'ss', 'æ': 'ae', 'œ': 'oe', 'ø': 'o', 'đ': 'd', 'ł': 'l', 'ı': 'i' });
const baseOf = (string) => (plainText.test(string) ? string : string.normalize('NFD').replace(marks, '').toLowerCase().replace(/[ßæœøđłı]/g, (c) => wideLetters[c]));
// Dashes, quotes and emoji come before digits.
const rank = (code) => (code < 128 ? rankOf[code] : (code >= 0x2000 && code < 0x2e80) || (code >= 0xd83c && code <= 0xd83e) ? 33 + code / 65536 : code);
const compareBase = (a, b, numeric) => {
  let i = 0, k = 0;
  while (i < a.length && k < b.length) {
    const c = a.charCodeAt(i), d = b.charCodeAt(k);
    if (numeric && isDigit(c) && isDigit(d)) {
      while (a.charCodeAt(i) === 48) i++;
      while (b.charCodeAt(k) === 48) k++;
      const from = i, start = k;
      while (isDigit(a.charCodeAt(i))) i++;
      while (isDigit(b.charCodeAt(k))) k++;
      if (i - from !== k - start) return i - from < k - start ? -1 : 1;
      const x = a.slice(from, i), y = b.slice(start, k);
      if (x !== y) return x < y ? -1 : 1;
      continue;
    }
    const r = rank(c), s = rank(d);
    if (r !== s) return r < s ? -1 : 1;
    i++; k++;
  }
  return i < a.length ? 1 : k < b.length ? -1 : 0;
};
const compareWords = (a, b, numeric, sensitivity, upperFirst) => {
  if (a === b) return 0;
  if (!numeric) { // the usual case: the first letters that differ decide
    const n = min(a.length, b.length);
    let i = 0;
    while (i < n && a.charCodeAt(i) === b.charCodeAt(i)) i++;
    if (i === n) {
      if ((a.length > n ? a : b).charCodeAt(n) < 128) return a.length > n ? 1 : -1;
    } else {
      const c = a.charCodeAt(i), d = b.charCodeAt(i);
      if (c < 128 && d < 128 && rankOf[c] !== rankOf[d]) return rankOf[c] < rankOf[d] ? -1 : 1;
    }
  }
  const order = compareBase(baseOf(a), baseOf(b), numeric);
  if (order !== 0 || sensitivity === 'base') return order;
  const x = a.normalize('NFD'), y = b.normalize('NFD');
  if (sensitivity !== 'case') {
    const p = x.toLowerCase(), q = y.toLowerCase();
    if (p !== q && !numeric) return p < q ? -1 : 1;
    if (numeric && p.replace(/\d/g, '') !== q.replace(/\d/g, '')) return p < q ? -1 : 1;
  }
  if (sensitivity === 'accent') return 0;
  for (let i = 0; i < x.length && i < y.length; i++) {
    if (x[i] === y[i] || x[i].toLowerCase() !== y[i].toLowerCase()) continue;
    return (x[i] === x[i].toLowerCase()) !== upperFirst ? -1 : 1;
  }
  return 0;
};
class Collator {
  constructor(locales, options) {
    const o = options ?? {};
    const numeric = !!o.numeric, sensitivity = oneOf('sensitivity', o.sensitivity, 'variant', 'base', 'accent', 'case', 'variant'), upperFirst = o.caseFirst === 'upper';
    const bare = (words) => (o.ignorePunctuation ? words.replace(/[\p{P}\s]/gu, '') : words);
    this.compare = (a, b) => compareWords(bare(text(a)), bare(text(b)), numeric, sensitivity, upperFirst);
  }
  resolvedOptions() { return { locale: 'en-US', usage: 'sort' }; }
}

// ---- words, in English
const englishOnly = (locales, what) => { if (!localeOf(locales).startsWith('en-')) notHere(`${what} for ${text(locales)}`, 'use en-US, or a table of your own'); };
class PluralRules {
  #ordinal;
  constructor(locales, options) { englishOnly(locales, 'plural rules'); this.#ordinal = options?.type === 'ordinal'; }
  select(n) {
    if (!this.#ordinal) return n === 1 ? 'one' : 'other';
    const teen = abs(n) % 100 > 10 && abs(n) % 100 < 14;
    return teen ? 'other' : ['other', 'one', 'two', 'few'][abs(n) % 10] ?? 'other';
  }
}
class ListFormat {
  #word; #narrow;
  constructor(locales, options) {
    englishOnly(locales, 'lists');
    const type = options?.type ?? 'conjunction', style = options?.style ?? 'long';
    this.#word = type === 'disjunction' ? 'or' : type === 'unit' || style === 'narrow' ? '' : style === 'short' ? '&' : 'and';
    this.#narrow = type === 'unit' && style === 'narrow';
  }
  format(list) {
    const items = [...list], word = this.#word, comma = this.#narrow ? ' ' : ', ';
    if (items.length < 2) return items.join('');
    const last = items.pop();
    if (!word) return items.join(comma) + comma + last;
    return items.length === 1 ? `${items[0]} ${word} ${last}` : `${items.join(', ')}, ${word} ${last}`;
  }
}
class RelativeTimeFormat {
  #auto;
  constructor(locales, options) { englishOnly(locales, 'relative times'); this.#auto = options?.numeric === 'auto'; }
  format(value, given) {
    const n = number(value), unit = oneOf('unit', text(given).replace(/s$/, ''), '', 'second', 'minute', 'hour', 'day', 'week', 'month', 'quarter', 'year');
    if (this.#auto && (n === 0 || abs(n) === 1)) {
      if (unit === 'day') return n < 0 ? 'yesterday' : n ? 'tomorrow' : 'today';
      if (unit === 'second' && n === 0) return 'now';
      if (!['second', 'minute', 'hour'].includes(unit)) return `${n < 0 ? 'last' : n ? 'next' : 'this'} ${unit}`;
      if (n === 0) return `this ${unit}`;
    }
    const words = `${new NumberFormat('en-US').format(abs(n))} ${unit}${abs(n) === 1 ? '' : 's'}`;
    return n < 0 || Object.is(n, -0) ? `${words} ago` : `in ${words}`;
  }
}

const absent = (name, instead) => function () { throw new BaseTypeError(`There is no Intl.${name} in here: ${instead}`); };
// Programs also call these without `new`.
const callable = (maker) => new NativeProxy(maker, { apply: (target, _, given) => new target(...given), construct: (target, given) => new target(given[0], given[1]) });
const Intl = {};
hidden(Intl, 'NumberFormat', callable(NumberFormat));
hidden(Intl, 'DateTimeFormat', callable(DateTimeFormat));
hidden(Intl, 'Collator', callable(Collator));
hidden(Intl, 'PluralRules', PluralRules);
hidden(Intl, 'ListFormat', ListFormat);
hidden(Intl, 'RelativeTimeFormat', RelativeTimeFormat);
hidden(Intl, 'Segmenter', absent('Segmenter', '[...text] gives its characters, text.split(/\\s+/) its words'));
hidden(Intl, 'DisplayNames', absent('DisplayNames', 'use a table of your own'));
hidden(Intl, 'DurationFormat', absent('DurationFormat', 'put the text together from its parts'));
hidden(Intl, 'Locale', absent('Locale', 'pass the tag as text'));
install('Intl', Intl);

const dateWords = (usual) => ({
  method(locales, options) {
    const time = this.getTime();
    return time !== time ? 'Invalid Date' : new DateTimeFormat(locales, options, usual).format(time);
  },
}).method;
hidden(Date.prototype, 'toLocaleDateString', dateWords('date'));
hidden(Date.prototype, 'toLocaleTimeString', dateWords('time'));
hidden(Date.prototype, 'toLocaleString', dateWords('all'));
hidden(Number.prototype, 'toLocaleString', { toLocaleString(locales, options) { return new NumberFormat(locales, options).format(this.valueOf()); } }.toLocaleString);
hidden(BigInt.prototype, 'toLocaleString', { toLocaleString(locales, options) { return new NumberFormat(locales, options).format(this.valueOf()); } }.toLocaleString);
hidden(String.prototype, 'localeCompare', {
  localeCompare(that, locales, options) {
    if (options === undefined) return compareWords(text(this), text(that), false, 'variant', false);
    return new Collator(locales, options).compare(this, that);
  },
}.localeCompare);
