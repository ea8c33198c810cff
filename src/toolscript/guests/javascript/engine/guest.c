/* The JavaScript guest: QuickJS-ng as a WebAssembly module that imports nothing.

   Rules
   1. The module has no imports: what libc would ask of WASI is answered here. Everything that a program can observe
      (clock, random state, heap, outstanding calls) lies in linear memory, so a copy of the memory is a snapshot.
   2. One crossing a turn: `turn(length)` reads records from the input buffer, runs until the job queue is empty, and
      leaves lines in the output buffer. No frame of the program is alive between two turns.
   3. What enters and leaves is written and read by C code that no program can reach or change.

   Input: records `<letter> <number> <length>\n<bytes>\0`, where the letter is
     N  namespaces: {name: [methods]}        P  the program, an expression whose value is a function
     I  the input, codec text; starts it     R  the value that answers call <number>, codec text
     X  the failure that answers call <number>
   Output: lines
     C <tab> seq <tab> path <tab> arguments  a call           D <tab> seq    a call that is no longer wanted
     L <tab> text, quoted                    a printed line   F <tab> value  the end     E <tab> failure  the end
     U <tab> text, NUL, stack, quoted        a printed warning with its place
     O                                       the end: the value is over its limit
     W                                       the end: it waits for what can never come
*/
#define _GNU_SOURCE
struct JSContext;
static const char *missing_name(const char *name);
static void note_throw(struct JSContext *ctx);
#include "quickjs.c"

#define EXPORT(name) __attribute__((export_name(name), visibility("default")))
#define FILE_NAME "<program>"
#define MAX_DEPTH 400 /* as in codec.py */
#define MAX_FRAMES 12
#define GC_THRESHOLD (1 << 20) /* the booted heap takes a quarter of it, and a collection touches every page */

/* Kept in step with CONTROL in vm.py: all fields are 64 bits wide. */
static struct {
    int64_t now_ms, seed, gas, memory_bytes, stack_bytes, max_calls, max_args, max_output, max_printed;
    int64_t in_at, in_size, out_at, out_size, gas_used, heap_bytes, outstanding;
} control;

#include "guest/system.c"

/* ---- state ----------------------------------------------------------------------------------------------------- */

typedef enum { RUNNING, ENDED, OUT_OF_GAS, TOO_MANY_CALLS, OUT_OF_MEMORY, BROKEN } Status;

/* `depth`: of the snippet that the answer holds; 0 for any other call. */
typedef struct { int64_t seq; bool timer; int depth; JSValue resolve, reject, stack; } Pending;
typedef struct { JSValue promise, reason; } Rejected;

enum { ROOT_NAMESPACE, ROOT_RAISE, ROOT_EXPLAIN, ROOT_FINISH, ROOT_BLOB_PROTOTYPE, ROOT_SNIPPET, ROOTS };

static JSRuntime *rt;
static JSContext *ctx;
static JSValue roots[ROOTS], program = JS_UNDEFINED, main_promise = JS_UNDEFINED;
static JSValue thrown = JS_UNDEFINED, thrown_stack = JS_UNDEFINED;
static JSAtom file_atom, message_atom, id_atom, type_atom, size_atom, code_atom;
static JSClassID blob_class;
static DynBuf out;
static Pending *pending;
static int pending_count, pending_size;
static Rejected *rejected;
static int rejected_count, rejected_size;
static int64_t last_seq, printed;
static bool closing, started;
static Status stopped;
static uint64_t crypto_state;

static int on_interrupt(JSRuntime *runtime, void *opaque)
{
    control.gas_used++;
    if (control.gas_used > control.gas && !stopped) stopped = OUT_OF_GAS;
    return stopped != RUNNING;
}

static JSValue stop(Status status)
{
    stopped = status;
    JS_ThrowInterrupted(ctx);
    return JS_EXCEPTION;
}

static bool grow(void **items, int *size, int count, size_t each)
{
    if (count < *size) return true;
    int wanted = *size ? *size * 2 : 16;
    void *moved = realloc(*items, wanted * each);
    if (!moved) return false;
    *items = moved;
    *size = wanted;
    return true;
}

#include "guest/stack.c"
#include "guest/write.c"
#include "guest/write_object.c"
#include "guest/read.c"
#include "guest/calls.c"
#include "guest/snippets.c"
#include "guest/host.c"
#include "guest/missing.c"

/* ---- a turn ---------------------------------------------------------------------------------------------------- */

static void write_failure(JSValue reason)
{
    JSValueConst arguments[] = {reason};
    closing = true;
    size_t start = out.size;
    JSValue failure = JS_Call(ctx, roots[ROOT_EXPLAIN], JS_UNDEFINED, 1, arguments);
    dbuf_putstr(&out, "E\t");
    if (JS_IsException(failure) || write_whole(failure, out.size, 1 << 20) != WRITTEN) {
        JS_FreeValue(ctx, JS_GetException(ctx));
        out.size = start;
        dbuf_putstr(&out, "E\t{\"name\":\"Error\",\"message\":\"the program threw a value that cannot be read\"}");
    }
    dbuf_putc(&out, '\n');
    JS_FreeValue(ctx, failure);
    JS_FreeValue(ctx, reason);
}

static Status start_program(const char *text, size_t n)
{
    JSValue input = read_value(text, n);
    JSValueConst arguments[] = {input};
    if (JS_IsException(input)) { write_failure(JS_GetException(ctx)); return ENDED; }
    started = true;
    main_promise = JS_Call(ctx, program, JS_UNDEFINED, 1, arguments);
    JS_FreeValue(ctx, input);
    if (stopped) return stopped;
    if (JS_IsException(main_promise)) { main_promise = JS_UNDEFINED; write_failure(JS_GetException(ctx)); return ENDED; }
    return RUNNING;
}

static Status load_program(const char *text, size_t n)
{
    program = JS_Eval(ctx, text, n, FILE_NAME, JS_EVAL_TYPE_GLOBAL);
    if (stopped) return stopped;
    if (JS_IsException(program)) { program = JS_UNDEFINED; write_failure(JS_GetException(ctx)); return ENDED; }
    if (JS_IsFunction(ctx, program)) JS_DefinePropertyValueStr(ctx, program, "name", JS_NewString(ctx, "main"), JS_PROP_CONFIGURABLE);
    return RUNNING;
}

static Status take_record(char letter, int64_t number, const char *text, size_t n)
{
    switch (letter) {
    case 'N': {
        JSValue names = JS_ParseJSON(ctx, text, n, "<namespaces>");
        JSValueConst arguments[] = {names};
        JSValue done = JS_IsException(names) ? names : JS_Call(ctx, roots[ROOT_NAMESPACE], JS_UNDEFINED, 1, arguments);
        JS_FreeValue(ctx, names);
        return JS_IsException(done) ? BROKEN : RUNNING;
    }
    case 'P': return load_program(text, n);
    case 'I': return start_program(text, n);
    case 'R':
    case 'X':
        if (settle(number, letter == 'R', text, n)) return RUNNING;
        if (stopped) return stopped;
        write_failure(JS_GetException(ctx));
        return ENDED;
    default: return BROKEN;
    }
}

static Status take_records(const char *p, const char *end)
{
    while (p < end) {
        char letter = *p, *after;
        int64_t number = strtoll(p + 1, &after, 10);
        size_t n = strtoul(after, &after, 10);
        if (*after != '\n' || after + 1 + n >= end) return BROKEN;
        Status status = take_record(letter, number, after + 1, n);
        if (status != RUNNING) return status;
        p = after + 1 + n + 1;
    }
    return RUNNING;
}

static Status drain(void)
{
    JSContext *context;
    int done = 1;
    while (!stopped && (done = JS_ExecutePendingJob(rt, &context)) != 0)
        if (done < 0) JS_FreeValue(ctx, JS_GetException(ctx));
    return stopped;
}

static int outstanding(bool with_timers)
{
    int n = 0;
    for (int i = 0; i < pending_count; i++) n += with_timers || !pending[i].timer;
    return n;
}

static void forget_rejection_of_main(void)
{
    for (int i = 0; i < rejected_count; i++)
        if (js_same_value(ctx, rejected[i].promise, main_promise)) {
            JS_FreeValue(ctx, rejected[i].reason);
            rejected[i].reason = JS_UNINITIALIZED;
        }
}

static void finish_printing(void)
{
    forget_rejection_of_main();
    for (int i = 0; i < rejected_count && i < 10; i++) {
        if (JS_IsUninitialized(rejected[i].reason)) continue;
        JSValueConst arguments[] = {rejected[i].reason};
        JSValue done = JS_Call(ctx, roots[ROOT_FINISH], JS_UNDEFINED, 1, arguments);
        if (JS_IsException(done)) JS_FreeValue(ctx, JS_GetException(ctx));
        JS_FreeValue(ctx, done);
    }
}

static Status finish(JSValue value)
{
    size_t start;
    closing = true;
    finish_printing();
    while (pending_count) drop(pending[0].seq);
    start = out.size;
    dbuf_putstr(&out, "F\t");
    int result = write_whole(value, start, control.max_output);
    JS_FreeValue(ctx, value);
    if (stopped) return stopped;
    if (result == OVER) { dbuf_putstr(&out, "O\t\n"); return ENDED; }
    if (result == FAILED) write_failure(JS_GetException(ctx)); else dbuf_putc(&out, '\n');
    return ENDED;
}

static Status conclude(void)
{
    if (!started) return RUNNING;
    int state = JS_PromiseState(ctx, main_promise);
    if (state == JS_PROMISE_REJECTED) {
        finish_printing();
        write_failure(JS_PromiseResult(ctx, main_promise));
        return stopped ? stopped : ENDED;
    }
    if (state == JS_PROMISE_PENDING) {
        if (outstanding(true)) return RUNNING;
        dbuf_putstr(&out, "W\t\n"); /* it waits for ever */
        return ENDED;
    }
    if (outstanding(false)) return RUNNING;
    return finish(state == JS_PROMISE_FULFILLED ? JS_PromiseResult(ctx, main_promise) : JS_DupValue(ctx, main_promise));
}

EXPORT("turn") int32_t guest_turn(uint32_t n)
{
    JS_UpdateStackTop(rt);
    if (!started) {
        JS_SetMemoryLimit(rt, control.memory_bytes);
        JS_SetMaxStackSize(rt, control.stack_bytes);
        ctx->random_state = control.seed ? control.seed : 1;
        crypto_state = control.seed ^ 0x9E3779B97F4A7C15ull;
        if (!crypto_state) crypto_state = 1;
    }
    out.size = 0;
    const char *in = (const char *)(uintptr_t)control.in_at;
    Status status = take_records(in, in + n);
    if (status == RUNNING) status = drain();
    if (status == RUNNING) status = conclude();
    if (stopped) status = stopped;
    if (dbuf_error(&out)) { dbuf_free(&out); dbuf_init(&out); status = OUT_OF_MEMORY; }
    control.out_at = (uintptr_t)out.buf;
    control.out_size = out.size;
    control.outstanding = pending_count;
    control.heap_bytes = rt->malloc_state.malloc_size;
    return status;
}

EXPORT("control") void *guest_control(void) { return &control; }

/* Room for n bytes of input; 0 when there is no memory for it. */
EXPORT("reserve") int32_t guest_reserve(uint32_t n)
{
    if (n <= control.in_size) return 1;
    void *moved = realloc((void *)(uintptr_t)control.in_at, n);
    if (!moved) return 0;
    control.in_at = (uintptr_t)moved;
    control.in_size = n;
    return 1;
}

/* Before a snapshot: let go of what only the last turn needed. Garbage is collected where there may be much of it:
   a collection relinks every object, which makes the snapshot of a small program larger. */
EXPORT("rest") void guest_rest(void)
{
    JS_UpdateStackTop(rt);
    if (rt->malloc_state.malloc_size > GC_THRESHOLD) JS_RunGC(rt);
    memset((void *)(uintptr_t)control.in_at, 0, control.in_size);
    if (control.in_size > 65536) {
        free((void *)(uintptr_t)control.in_at);
        control.in_at = control.in_size = 0;
    }
    if (out.buf) memset(out.buf, 0, out.allocated_size);
    dbuf_free(&out);
    dbuf_init(&out);
}

static void forget(const char *owner, const char *name)
{
    JSValue global = JS_GetGlobalObject(ctx);
    JSValue object = owner ? JS_GetPropertyStr(ctx, global, owner) : JS_DupValue(ctx, global);
    JSAtom atom = JS_NewAtom(ctx, name);
    JS_DeleteProperty(ctx, object, atom, 0);
    JS_FreeAtom(ctx, atom);
    JS_FreeValue(ctx, object);
    JS_FreeValue(ctx, global);
}

static void make_context(void)
{
    rt = JS_NewRuntime();
    ctx = JS_NewContextRaw(rt);
    JS_AddIntrinsicBaseObjects(ctx);
    JS_AddIntrinsicDate(ctx);
    JS_AddIntrinsicEval(ctx);
    JS_AddIntrinsicRegExp(ctx);
    JS_AddIntrinsicJSON(ctx);
    JS_AddIntrinsicProxy(ctx);
    JS_AddIntrinsicMapSet(ctx);
    JS_AddIntrinsicTypedArrays(ctx);
    JS_AddIntrinsicPromise(ctx);
    JS_AddIntrinsicBigInt(ctx);
    JS_AddIntrinsicDOMException(ctx);
    JS_AddIntrinsicAToB(ctx);
    forget("Error", "prepareStackTrace");
    forget("Error", "stackTraceLimit");
    forget(NULL, "SharedArrayBuffer");
    JS_SetInterruptHandler(rt, on_interrupt, NULL);
    JS_SetHostPromiseRejectionTracker(rt, on_rejection, NULL);
    JS_SetModuleLoaderFunc2(rt, NULL, no_modules, NULL, NULL);
    JS_SetCanBlock(rt, false);
    JSClassDef blob = {"Blob"};
    JS_NewClassID(rt, &blob_class);
    JS_NewClass(rt, blob_class, &blob);
}

/* Take all the holes that the boot left in the heap, for good. What a program allocates then lies together, and a
   fresh instance copies few pages: page faults are most of the time of a small program. */
static void fill_holes(void)
{
    for (int i = 0; i < JS_ARENA_BLOCK_SIZE_COUNT; i++)
        while (!list_empty(&rt->arena_state.free_arena_list[i]))
            js_malloc_rt(rt, arena_block_sizes[i] - sizeof(JSMallocBlockHeader));
}

/* Once, when the engine is built: the prelude is a function of our functions that returns the roots. */
EXPORT("boot") int32_t guest_boot(uint32_t n)
{
    control.gas = INT64_MAX;
    make_context();
    dbuf_init(&out);
    file_atom = JS_NewAtom(ctx, FILE_NAME);
    message_atom = JS_NewAtom(ctx, "message");
    id_atom = JS_NewAtom(ctx, "id");
    type_atom = JS_NewAtom(ctx, "type");
    size_atom = JS_NewAtom(ctx, "size");
    code_atom = JS_NewAtom(ctx, "code");
    JSValue host = JS_NewObject(ctx);
    JSValueConst arguments[] = {host};
    JS_SetPropertyFunctionList(ctx, host, host_functions, countof(host_functions));
    JSValue prelude = JS_Eval(ctx, (const char *)(uintptr_t)control.in_at, n, "<prelude>", JS_EVAL_TYPE_GLOBAL);
    JSValue list = JS_IsException(prelude) ? prelude : JS_Call(ctx, prelude, JS_UNDEFINED, 1, arguments);
    if (JS_IsException(list)) {
        JSValue error = JS_GetException(ctx), stack = stack_of(error);
        write_text(error);
        dbuf_putstr(&out, " ");
        write_text(stack);
        control.out_at = (uintptr_t)out.buf;
        control.out_size = out.size;
        return 0;
    }
    for (int i = 0; i < ROOTS; i++) roots[i] = JS_GetPropertyUint32(ctx, list, i);
    JS_FreeValue(ctx, prelude);
    JS_FreeValue(ctx, list);
    JS_FreeValue(ctx, host);
    JS_RunGC(rt);
    guest_rest();
    free((void *)(uintptr_t)control.in_at);
    control.in_size = 4096;
    control.in_at = (uintptr_t)calloc(1, control.in_size);
    control.gas_used = 0;
    JS_SetGCThreshold(rt, GC_THRESHOLD);
    fill_holes();
    return 1;
}
