// A timer is a call of codemode.sleep like any other, so that it is recorded and can outlast the process.
const timers = new NativeMap(); // id -> the number of its outstanding call
let lastTimer = 0;

const arm = (id, seconds, fire) => {
  const promise = host.call('codemode.sleep', { seconds });
  mapSet(timers, id, host.last());
  then(promise, () => { if (mapHas(timers, id)) fire(); });
};
const timer = (again) => function (callback, ms, ...args) {
  if (typeof callback !== 'function') throw new BaseTypeError('the first argument of a timer is a function');
  const id = ++lastTimer, wait = number(ms), seconds = (wait > 0 ? wait : 0) / 1000;
  const fire = () => {
    if (again) arm(id, seconds, fire); else mapDelete(timers, id);
    apply(callback, undefined, args);
  };
  arm(id, seconds, fire);
  return id;
};
const clear = (id) => {
  const seq = mapGet(timers, id);
  if (seq === undefined) return;
  mapDelete(timers, id);
  host.drop(seq);
};
const soon = (callback, ...args) => {
  if (typeof callback !== 'function') throw new BaseTypeError('the first argument is a function');
  then(resolved, () => { apply(callback, undefined, args); });
};
const resolved = BasePromise.resolve();
install('setTimeout', timer(false));
install('setInterval', timer(true));
install('clearTimeout', (id) => clear(id));
install('clearInterval', (id) => clear(id));
install('setImmediate', soon);
install('clearImmediate', () => {});
install('queueMicrotask', (callback) => soon(callback));
