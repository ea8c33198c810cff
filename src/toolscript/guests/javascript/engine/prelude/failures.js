// What a failed call rejects with, and what is said of a thrown value.
const failures = new WeakMap(); // error -> the failure that it stands for

class ToolError extends BaseError {}
class GuestError extends BaseError {}
hidden(ToolError.prototype, 'name', 'ToolError');
hidden(GuestError.prototype, 'name', 'GuestError');
install('ToolError', ToolError);
install('GuestError', GuestError);

const raise = (failure) => {
  const error = failure.kind === 'guest' ? new GuestError(failure.message) : new ToolError(failure.message);
  if (failure.name !== error.name) hidden(error, 'name', failure.name);
  hidden(error, 'code', failure.code);
  if (failure.content !== undefined) hidden(error, 'content', failure.content);
  weakSet(failures, error, failure);
  return error;
};

const short = (string, most) => (string.length > most ? slice(string, 0, most) + '…' : string);

// The words of a member that a program may have made anything of.
const wordsOf = (object, name) => {
  try {
    const value = object[name];
    return typeof value === 'string' ? short(value, 20000) : undefined;
  } catch {
    return undefined;
  }
};

const explain = (thrown) => {
  const stack = host.stack(thrown);
  const known = typeof thrown === 'object' && thrown !== null ? weakGet(failures, thrown) : undefined;
  if (known) return record({ ...known, stack });
  const kind = host.kind(thrown);
  if (kind === 'Error' || kind === 'DOMException') {
    const code = wordsOf(thrown, 'code') === 'bad_value' ? 'bad_value' : 'thrown';
    let message = wordsOf(thrown, 'message') ?? '', cause;
    try { cause = thrown.cause; } catch {}
    if (cause !== undefined && host.kind(cause) === 'Error') message += ` (cause: ${wordsOf(cause, 'message') ?? ''})`;
    try { if (kind === 'Error' && isArray(thrown.errors)) message = short(message ? `${message}: ${inspect(thrown.errors)}` : inspect(thrown.errors), 2000); } catch {}
    return record({ code, name: wordsOf(thrown, 'name') || 'Error', message, stack });
  }
  let message;
  try { message = typeof thrown === 'string' ? short(thrown, 20000) : short(inspect(thrown), 2000); } catch { message = 'a value that cannot be read'; }
  return record({ code: 'thrown', name: 'Thrown', message, stack });
};

const warnRejection = (reason) => {
  const failure = explain(reason);
  const words = failure.message ? `${failure.name}: ${failure.message}` : failure.name;
  const place = typeof failure.stack === 'string' ? failure.stack : '';
  host.print(`warning: unhandled rejection: ${words}\u0000${place}`, true);
};

// What a program reads as `error.stack`: the words first, as everywhere else, and lines as the author counts them.
const HEAD_LINES = 1; // of the wrapper; HEAD_LINES of source.py
const { get: framesOf, set: setStack } = getOwnPropertyDescriptor(BaseError.prototype, 'stack');
defineProperty(BaseError.prototype, 'stack', {
  get() {
    const frames = apply(framesOf, this, []);
    if (typeof frames !== 'string') return frames;
    const lines = frames.replace(/^.*<prelude>:.*\n/gm, '').trimEnd().replace(/<(program|snippet) ?(?:\d+ )?([^>]*)>:(\d+):/g, (_, kind, name, line) => `<${name ? `${kind} ${name}` : kind}>:${line - HEAD_LINES}:`);
    return lines ? `${inspectError(this)}\n${lines}` : inspectError(this);
  },
  set: setStack,
  configurable: true,
});
hidden(AggregateError.prototype, 'message', 'All promises were rejected'); // of Promise.any
