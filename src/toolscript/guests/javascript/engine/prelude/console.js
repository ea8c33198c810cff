// console: lines of text within the run's limit.
let cut = false, groupIndent = '';
const counts = new NativeMap(), clocks = new NativeMap();

const printLine = (line) => {
  if (cut) return;
  const indented = groupIndent ? groupIndent + replaceAll(line, '\n', '\n' + groupIndent) : line;
  if (!host.print(indented)) cut = true;
};

const formatted = (letter, value) => {
  switch (letter) {
    case 's': return typeof value === 'string' ? value : typeof value === 'object' && value !== null ? inspect(value) : text(value);
    case 'd': return typeof value === 'object' ? 'NaN' : typeof value === 'bigint' ? `${value}n` : text(number(value));
    case 'i': return typeof value === 'object' ? 'NaN' : text(trunc(number(value)));
    case 'f': return typeof value === 'symbol' ? 'NaN' : text(number(value));
    case 'j': try { return stringify(value) ?? 'undefined'; } catch { return '[Circular]'; }
    case 'o': case 'O': return inspect(value);
    case 'c': return '';
  }
};

const formatLine = (given) => {
  let line = '', next = 0;
  if (given.length > 1 && typeof given[0] === 'string' && includes(given[0], '%')) {
    const format = given[next++];
    for (let i = 0; i < format.length; i++) {
      const letter = format[i] === '%' ? format[i + 1] : undefined;
      if (letter === '%') { line += '%'; i++; continue; }
      if (letter !== undefined && includes('sdifjoOc', letter) && next < given.length) { line += formatted(letter, given[next++]); i++; continue; }
      line += format[i];
    }
  } else if (given.length) {
    line = typeof given[0] === 'string' ? given[0] : inspect(given[0]);
    next = 1;
  }
  for (; next < given.length; next++) line += ' ' + (typeof given[next] === 'string' ? given[next] : inspect(given[next]));
  return line;
};

const log = (...given) => { if (!cut) printLine(formatLine(given)); };

const cell = (value) => (typeof value === 'object' && value !== null ? replaceAll(inspect(value), '\n', ' ') : inspectPrimitive(value));

const table = (rows, chosen) => {
  if (typeof rows !== 'object' || rows === null) return log(rows);
  const names = ownKeys(rows), columns = [], grid = [];
  let plain = false;
  for (const name of names.slice(0, MOST_ITEMS)) {
    const row = rows[name], isRow = typeof row === 'object' && row !== null;
    if (isRow) for (const key of ownKeys(row)) { if (!columns.includes(key) && columns.length < 30) columns.push(key); } else plain = true;
    grid.push([name, row, isRow]);
  }
  const shown = isArray(chosen) ? chosen.map(text) : columns;
  const head = ['(index)', ...shown, ...(plain ? ['Values'] : [])];
  const body = grid.map(([name, row, isRow]) => [name, ...shown.map((key) => (isRow && has(row, key) ? cell(row[key]) : '')), ...(plain ? [isRow ? '' : cell(row)] : [])]);
  const widths = head.map((title, i) => max(title.length, ...body.map((line) => line[i].length)));
  const line = (cells) => '│ ' + cells.map((c, i) => padEnd(c, widths[i])).join(' │ ') + ' │';
  const rule = (left, middle, right) => left + widths.map((w) => repeat('─', w + 2)).join(middle) + right;
  const lines = [rule('┌', '┬', '┐'), line(head), rule('├', '┼', '┤'), ...body.map(line), rule('└', '┴', '┘')];
  if (names.length > MOST_ITEMS) lines.push(`… ${names.length - MOST_ITEMS} more rows`);
  printLine(lines.join('\n'));
};

const labelOf = (label) => (label === undefined ? 'default' : text(label));
const elapsed = (label) => `${label}: ${host.now() - (mapGet(clocks, label) ?? host.now())}ms`;
const group = (...given) => { if (given.length) log(...given); if (groupIndent.length < 40) groupIndent += '  '; };

install('console', {
  log, info: log, warn: log, error: log, debug: log, trace: log, table, group, groupCollapsed: group,
  dir: (value) => log(value),
  dirxml: log,
  assert: (condition, ...given) => { if (!condition) log(...(given.length ? ['Assertion failed:', ...given] : ['Assertion failed'])); },
  groupEnd: () => { groupIndent = slice(groupIndent, 2); },
  count: (label) => { const name = labelOf(label), n = (mapGet(counts, name) ?? 0) + 1; mapSet(counts, name, n); log(`${name}: ${n}`); },
  countReset: (label) => { mapDelete(counts, labelOf(label)); },
  time: (label) => { mapSet(clocks, labelOf(label), host.now()); },
  timeLog: (label, ...given) => log(elapsed(labelOf(label)), ...given),
  timeEnd: (label) => { log(elapsed(labelOf(label))); mapDelete(clocks, labelOf(label)); },
  clear: () => {},
});
