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

/* ---- libc's system calls -------------------------------------------------------------------------------------- */

/* Kept in step with CONTROL in vm.py: all fields are 64 bits wide. */
static struct {
    int64_t now_ms, seed, gas, memory_bytes, stack_bytes, max_calls, max_args, max_output, max_printed;
    int64_t in_at, in_size, out_at, out_size, gas_used, heap_bytes, outstanding;
} control;

typedef int32_t i32;
typedef int64_t i64;
#define WASI(name) __imported_wasi_snapshot_preview1_##name
#define EBADF_WASI 8
i32 WASI(clock_time_get)(i32 id, i64 precision, i32 out) { *(uint64_t *)out = control.now_ms * 1000000ull; return 0; }
i32 WASI(clock_res_get)(i32 id, i32 out) { *(uint64_t *)out = 1000000; return 0; }
i32 WASI(fd_write)(i32 fd, i32 parts, i32 n, i32 out) { return EBADF_WASI; }
i32 WASI(fd_read)(i32 fd, i32 parts, i32 n, i32 out) { return EBADF_WASI; }
i32 WASI(fd_close)(i32 fd) { return EBADF_WASI; }
i32 WASI(fd_seek)(i32 fd, i64 offset, i32 whence, i32 out) { return EBADF_WASI; }
i32 WASI(fd_fdstat_get)(i32 fd, i32 out) { return EBADF_WASI; }
i32 WASI(fd_fdstat_set_flags)(i32 fd, i32 flags) { return EBADF_WASI; }
i32 WASI(fd_prestat_get)(i32 fd, i32 out) { return EBADF_WASI; }
i32 WASI(fd_prestat_dir_name)(i32 fd, i32 path, i32 n) { return EBADF_WASI; }
i32 WASI(environ_get)(i32 a, i32 b) { return 0; }
i32 WASI(environ_sizes_get)(i32 a, i32 b) { *(i32 *)a = 0; *(i32 *)b = 0; return 0; }
i32 WASI(random_get)(i32 at, i32 n) { memset((void *)at, 0x42, n); return 0; }
i32 WASI(sched_yield)(void) { return 0; }
i32 WASI(poll_oneoff)(i32 a, i32 b, i32 c, i32 d) { return EBADF_WASI; }
int close(int fd) { return -1; } /* the only caller of fd_close, which the definition above does not replace */
_Noreturn void WASI(proc_exit)(i32 code) { __builtin_trap(); }

/* ---- state ---------------------------------------------------------------------------------------------------- */

typedef enum { RUNNING, ENDED, OUT_OF_GAS, TOO_MANY_CALLS, OUT_OF_MEMORY, BROKEN } Status;

typedef struct { int64_t seq; bool timer; JSValue resolve, reject, stack; } Pending;
typedef struct { JSValue promise, reason; } Rejected;

enum { ROOT_NAMESPACE, ROOT_RAISE, ROOT_EXPLAIN, ROOT_FINISH, ROOT_BLOB_PROTOTYPE, ROOTS };

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

/* ---- stacks: the program's own frames, in the engine's own format ---------------------------------------------- */

static JSValue capture(void)
{
    DynBuf text;
    int frames = 0;
    js_dbuf_init(ctx, &text);
    for (JSStackFrame *sf = rt->current_stack_frame; sf && frames < MAX_FRAMES; sf = sf->prev_frame) {
        if (JS_VALUE_GET_TAG(sf->cur_func) != JS_TAG_OBJECT) continue;
        JSObject *p = JS_VALUE_GET_OBJ(sf->cur_func);
        if (!js_class_has_bytecode(p->class_id)) continue;
        JSFunctionBytecode *b = p->u.func.function_bytecode;
        if (b->filename != file_atom || !sf->cur_pc) continue;
        int column, line = find_line_num(ctx, b, sf->cur_pc - b->byte_code_buf - 1, &column);
        const char *name = get_func_name(ctx, sf->cur_func);
        dbuf_printf(&text, "    at %.80s (" FILE_NAME ":%d:%d)\n", name && *name ? name : "<anonymous>", line, column);
        JS_FreeCString(ctx, name);
        frames++;
    }
    JSValue stack = dbuf_error(&text) ? JS_UNDEFINED : JS_NewStringLen(ctx, (char *)text.buf, text.size);
    dbuf_free(&text);
    return stack;
}

/* A thrown value that is no Error carries no stack: remember where the last one was thrown. */
static void note_throw(JSContext *context)
{
    JSValueConst value = rt->current_exception;
    if (JS_IsError(value)) return;
    if (JS_IsObject(value) && js_same_value(ctx, value, thrown)) return;
    JS_FreeValue(ctx, thrown);
    JS_FreeValue(ctx, thrown_stack);
    thrown = JS_DupValue(ctx, value);
    thrown_stack = capture();
}

static JSValue stack_of(JSValueConst value)
{
    if (JS_IsError(value)) return JS_DupValue(ctx, JS_VALUE_GET_OBJ(value)->u.object_data);
    if (js_same_value(ctx, value, thrown)) return JS_DupValue(ctx, thrown_stack);
    return JS_UNDEFINED;
}

/* ---- values out: the codec's text form ------------------------------------------------------------------------- */

typedef struct Trail { const struct Trail *up; JSObject *object; JSAtom key; int64_t index; } Trail;
enum { WRITTEN = 0, SKIPPED = 1, OVER = 2, FAILED = -1 }; /* SKIPPED: an undefined member. OVER: over the limit. */
static int64_t write_limit = INT64_MAX;

static int write_value(JSValueConst value, Trail *trail, int depth, bool member);

static void trail_text(DynBuf *text, const Trail *trail, int depth)
{
    if (!trail) { dbuf_putc(text, '$'); return; }
    if (depth > 12) { dbuf_putstr(text, "$…"); return; }
    trail_text(text, trail->up, depth + 1);
    if (trail->key == JS_ATOM_NULL && trail->index < 0) return;
    if (trail->key == JS_ATOM_NULL) {
        dbuf_printf(text, "[%lld]", (long long)trail->index);
    } else {
        const char *key = JS_AtomToCString(ctx, trail->key);
        dbuf_printf(text, ".%.60s", key ? key : "?");
        JS_FreeCString(ctx, key);
    }
}

static int refuse(const Trail *trail, const char *format, const char *detail)
{
    DynBuf text;
    js_dbuf_init(ctx, &text);
    trail_text(&text, trail, 0);
    dbuf_putstr(&text, ": ");
    dbuf_printf(&text, format, detail);
    dbuf_putc(&text, 0);
    JS_ThrowTypeError(ctx, "%.400s", dbuf_error(&text) ? "$: a value cannot cross" : (char *)text.buf);
    dbuf_free(&text);
    JSValue error = JS_GetException(ctx);
    if (JS_IsObject(error)) JS_DefinePropertyValue(ctx, error, code_atom, JS_NewString(ctx, "bad_value"), JS_PROP_C_W_E);
    JS_Throw(ctx, error);
    return FAILED;
}

/* A getter, `toJSON` or Proxy of the program's own threw. */
static int refuse_thrown(const Trail *trail)
{
    if (stopped) return FAILED;
    JSValue error = JS_GetException(ctx);
    JSValue message = JS_IsError(error) ? JS_GetProperty(ctx, error, message_atom) : JS_DupValue(ctx, error);
    const char *text = JS_IsString(message) ? JS_ToCString(ctx, message) : NULL;
    int result = refuse(trail, "reading it failed: %.200s", text ? text : "it threw");
    JS_FreeCString(ctx, text);
    JS_FreeValue(ctx, message);
    JS_FreeValue(ctx, error);
    return result;
}

static void write_escaped(uint32_t c)
{
    switch (c) {
    case '"': dbuf_putstr(&out, "\\\""); break;
    case '\\': dbuf_putstr(&out, "\\\\"); break;
    case '\n': dbuf_putstr(&out, "\\n"); break;
    case '\r': dbuf_putstr(&out, "\\r"); break;
    case '\t': dbuf_putstr(&out, "\\t"); break;
    case '\b': dbuf_putstr(&out, "\\b"); break;
    case '\f': dbuf_putstr(&out, "\\f"); break;
    default: dbuf_printf(&out, "\\u%04x", c);
    }
}

static void write_code_point(uint32_t c)
{
    uint8_t utf8[4];
    dbuf_put(&out, utf8, utf8_encode(utf8, c));
}

static inline bool is_plain(uint32_t c) { return c >= 0x20 && c != '"' && c != '\\'; }

/* A string without its quotes; lone surrogates become \u escapes, so that what leaves is always valid UTF-8. */
static int write_text(JSValueConst value)
{
    JSValue flat = JS_ToString(ctx, value); /* a rope becomes one string */
    if (JS_IsException(flat)) return FAILED;
    JSString *p = JS_VALUE_GET_STRING(flat);
    uint32_t n = p->len, i = 0;
    if ((int64_t)(out.size + n) > write_limit) {
        JS_FreeValue(ctx, flat);
        return OVER;
    }
    if (!p->is_wide_char) {
        const uint8_t *s = str8(p);
        while (i < n) {
            uint32_t from = i;
            while (i < n && is_plain(s[i]) && s[i] < 0x80) i++;
            if (i > from) dbuf_put(&out, s + from, i - from);
            if (i == n) break;
            uint32_t c = s[i++];
            if (is_plain(c)) write_code_point(c); else write_escaped(c);
        }
    } else {
        const uint16_t *s = str16(p);
        while (i < n) {
            uint32_t c = s[i++];
            if (is_hi_surrogate(c) && i < n && is_lo_surrogate(s[i])) write_code_point(from_surrogate(c, s[i++]));
            else if (is_surrogate(c) || !is_plain(c)) write_escaped(c);
            else if (c < 0x80) dbuf_putc(&out, c);
            else write_code_point(c);
        }
    }
    JS_FreeValue(ctx, flat);
    return WRITTEN;
}

static int write_string(JSValueConst value)
{
    dbuf_putc(&out, '"');
    int result = write_text(value);
    dbuf_putc(&out, '"');
    return result;
}

static int write_double(double d)
{
    char text[64];
    JSDTOATempMem memory;
    if (isnan(d)) return dbuf_putstr(&out, "{\"$number\":\"NaN\"}"), WRITTEN;
    if (isinf(d)) return dbuf_putstr(&out, d > 0 ? "{\"$number\":\"Infinity\"}" : "{\"$number\":\"-Infinity\"}"), WRITTEN;
    if (d == 0 && signbit(d)) return dbuf_putstr(&out, "{\"$number\":\"-0\"}"), WRITTEN;
    dbuf_put(&out, (uint8_t *)text, js_dtoa(text, d, 10, 0, JS_DTOA_FORMAT_FREE, &memory));
    return WRITTEN;
}

static int write_bytes(const uint8_t *bytes, size_t n)
{
    if ((int64_t)(out.size + n * 4 / 3) > write_limit) return OVER;
    dbuf_putstr(&out, "{\"$bytes\":\"");
    size_t wanted = (n + 2) / 3 * 4;
    if (dbuf_claim(&out, wanted)) return JS_ThrowOutOfMemory(ctx), FAILED;
    out.size += b64_encode(bytes, n, (char *)out.buf + out.size, b64_enc);
    dbuf_putstr(&out, "\"}");
    return WRITTEN;
}

static int write_date(JSValueConst value, const Trail *trail)
{
    double ms;
    if (JS_ToFloat64(ctx, &ms, JS_VALUE_GET_OBJ(value)->u.object_data)) return FAILED;
    if (isnan(ms)) return refuse(trail, "an invalid date cannot cross%s", "");
    if (ms < -62135596800000.0 || ms > 253402300799999.0)
        return refuse(trail, "a date outside the years 1 to 9999 cannot cross%s", "");
    JSValue text = get_date_string(ctx, value, 0, NULL, 0x23); /* toISOString */
    if (JS_IsException(text)) return FAILED;
    dbuf_putstr(&out, "{\"$date\":");
    int result = write_string(text);
    dbuf_putc(&out, '}');
    JS_FreeValue(ctx, text);
    return result;
}

static int write_array(JSValueConst value, Trail *trail, int depth)
{
    JSObject *p = JS_VALUE_GET_OBJ(value);
    int64_t n, i;
    if (js_get_length64(ctx, &n, value)) return refuse_thrown(trail);
    Trail here = {trail, p, JS_ATOM_NULL, 0};
    dbuf_putc(&out, '[');
    for (i = 0; i < n; i++) {
        here.index = i;
        if (i) dbuf_putc(&out, ',');
        bool fast = p->class_id == JS_CLASS_ARRAY && p->fast_array && i < p->u.array.count;
        JSValue item = fast ? JS_DupValue(ctx, p->u.array.u.values[i]) : JS_GetPropertyInt64(ctx, value, i);
        if (JS_IsException(item)) return refuse_thrown(&here);
        int result = write_value(item, &here, depth + 1, false);
        JS_FreeValue(ctx, item);
        if (result == FAILED || result == OVER) return result;
        if ((int64_t)out.size > write_limit) return OVER;
    }
    dbuf_putc(&out, ']');
    return WRITTEN;
}

/* An object with exactly one key that begins with `$` has the form of a tag: it gets one more `$`. */
static void escape_tag(size_t key_at, int members)
{
    if (members != 1 || out.buf[key_at] != '$') return;
    if (dbuf_putc(&out, 0)) return;
    memmove(out.buf + key_at + 1, out.buf + key_at, out.size - 1 - key_at);
    out.buf[key_at] = '$';
}

static int write_member(JSValueConst key, JSValueConst item, Trail *here, int depth, int *members, size_t *key_at)
{
    size_t start = out.size;
    if (*members) dbuf_putc(&out, ',');
    if (!*members) *key_at = out.size + 1;
    int result = write_string(key);
    if (result != WRITTEN) return result;
    dbuf_putc(&out, ':');
    result = write_value(item, here, depth + 1, true);
    if (result == WRITTEN) {
        ++*members;
        if ((int64_t)out.size > write_limit) return OVER;
    } else if (result == SKIPPED) {
        out.size = start;
        result = WRITTEN;
    }
    return result;
}

static int write_members(JSValueConst value, Trail *trail, int depth)
{
    JSPropertyEnum *keys;
    uint32_t n, i;
    int members = 0, result = WRITTEN;
    size_t key_at = 0;
    Trail here = {trail, JS_VALUE_GET_OBJ(value), JS_ATOM_NULL, -1};
    if (JS_GetOwnPropertyNames(ctx, &keys, &n, value, JS_GPN_STRING_MASK | JS_GPN_ENUM_ONLY)) return refuse_thrown(trail);
    dbuf_putc(&out, '{');
    for (i = 0; i < n && result == WRITTEN; i++) {
        here.key = keys[i].atom;
        JSValue item = JS_GetProperty(ctx, value, keys[i].atom);
        if (JS_IsException(item)) { result = refuse_thrown(&here); break; }
        JSValue key = JS_AtomToString(ctx, keys[i].atom);
        result = write_member(key, item, &here, depth, &members, &key_at);
        JS_FreeValue(ctx, key);
        JS_FreeValue(ctx, item);
    }
    JS_FreePropertyEnum(ctx, keys, n);
    if (result != WRITTEN) return result;
    escape_tag(key_at, members);
    dbuf_putc(&out, '}');
    return WRITTEN;
}

/* Keys and values of a Map or Set as one flat array, so that what runs while we write cannot move it under us. */
static JSValue collection_items(JSValueConst value, JSClassID class_id)
{
    JSMapState *s = JS_GetOpaque(value, class_id);
    JSValue items = JS_NewArray(ctx);
    struct list_head *el;
    uint32_t i = 0;
    if (JS_IsException(items)) return items;
    list_for_each(el, &s->records) {
        JSMapRecord *record = list_entry(el, JSMapRecord, link);
        if (record->empty) continue;
        if (JS_DefinePropertyValueUint32(ctx, items, i++, JS_DupValue(ctx, record->key), JS_PROP_C_W_E) < 0 ||
            (class_id == JS_CLASS_MAP &&
             JS_DefinePropertyValueUint32(ctx, items, i++, JS_DupValue(ctx, record->value), JS_PROP_C_W_E) < 0)) {
            JS_FreeValue(ctx, items);
            return JS_EXCEPTION;
        }
    }
    return items;
}

static int write_map(JSValueConst value, Trail *trail, int depth)
{
    int members = 0, result = WRITTEN;
    size_t key_at = 0;
    int64_t n, i;
    Trail here = {trail, JS_VALUE_GET_OBJ(value), JS_ATOM_NULL, -1};
    JSValue items = collection_items(value, JS_CLASS_MAP);
    if (JS_IsException(items) || js_get_length64(ctx, &n, items)) return FAILED;
    dbuf_putc(&out, '{');
    for (i = 0; i < n && result == WRITTEN; i += 2) {
        JSValue key = JS_GetPropertyInt64(ctx, items, i), item = JS_GetPropertyInt64(ctx, items, i + 1);
        bool named = JS_IsString(key) || JS_IsNumber(key);
        JSAtom atom = named ? JS_ValueToAtom(ctx, key) : JS_ATOM_NULL;
        here.key = atom;
        if (!named) result = refuse(trail, "a Map crosses only with string keys; use Object.fromEntries or an array%s", "");
        else {
            JSValue text = JS_AtomToString(ctx, atom);
            result = write_member(text, item, &here, depth, &members, &key_at);
            JS_FreeValue(ctx, text);
        }
        if (named) JS_FreeAtom(ctx, atom);
        JS_FreeValue(ctx, key);
        JS_FreeValue(ctx, item);
    }
    JS_FreeValue(ctx, items);
    if (result != WRITTEN) return result;
    escape_tag(key_at, members);
    dbuf_putc(&out, '}');
    return WRITTEN;
}

static int write_named(const char *name, JSAtom key, JSValueConst value)
{
    dbuf_putstr(&out, name);
    JSValue item = JS_GetProperty(ctx, value, key);
    if (JS_IsException(item)) return FAILED;
    int result = JS_IsNumber(item) || JS_IsString(item) ? write_value(item, NULL, 0, false) : (dbuf_putstr(&out, "\"\""), WRITTEN);
    JS_FreeValue(ctx, item);
    return result;
}

static int write_error(JSValueConst value, Trail *trail)
{
    int result = write_named("{\"name\":", JS_ATOM_name, value);
    if (result == WRITTEN) result = write_named(",\"message\":", message_atom, value);
    if (result != WRITTEN) return result == FAILED ? refuse_thrown(trail) : result;
    dbuf_putc(&out, '}');
    return WRITTEN;
}

static int write_blob(JSValueConst value, Trail *trail)
{
    int result = write_named("{\"$blob\":{\"id\":", id_atom, value);
    if (result == WRITTEN) result = write_named(",\"media_type\":", type_atom, value);
    if (result == WRITTEN) result = write_named(",\"size\":", size_atom, value);
    if (result != WRITTEN) return result == FAILED ? refuse_thrown(trail) : result;
    dbuf_putstr(&out, "}}");
    return WRITTEN;
}

/* What `toJSON` gives instead of the value; JS_UNINITIALIZED where there is none. */
static JSValue replacement(JSValueConst value, const Trail *trail)
{
    JSValue method = JS_GetProperty(ctx, value, JS_ATOM_toJSON);
    if (JS_IsException(method)) return method;
    if (!JS_IsFunction(ctx, method)) { JS_FreeValue(ctx, method); return JS_UNINITIALIZED; }
    JSValue key = trail && trail->key != JS_ATOM_NULL ? JS_AtomToString(ctx, trail->key) : JS_NewString(ctx, "");
    JSValueConst arguments[] = {key};
    JSValue result = JS_Call(ctx, method, value, 1, arguments);
    JS_FreeValue(ctx, key);
    JS_FreeValue(ctx, method);
    return result;
}

static int write_object(JSValueConst value, Trail *trail, int depth, bool member, bool replaced)
{
    JSObject *p = JS_VALUE_GET_OBJ(value);
    uint32_t class_id = p->class_id;
    size_t n;
    uint8_t *bytes;
    if (depth > MAX_DEPTH) return refuse(trail, "nested deeper than 400 levels%s", "");
    for (const Trail *t = trail; t; t = t->up)
        if (t->object == p) return refuse(trail, "it contains itself (a cycle cannot cross)%s", "");
    if (JS_IsFunction(ctx, value)) return refuse(trail, "a function cannot cross; pass plain data%s", "");
    if (class_id == JS_CLASS_PROMISE) return refuse(trail, "a Promise cannot cross; did you forget await?%s", "");
    if (class_id == JS_CLASS_DATE) return write_date(value, trail);
    if (class_id == blob_class) return write_blob(value, trail);
    if (class_id == JS_CLASS_ARRAY_BUFFER || class_id == JS_CLASS_UINT8_ARRAY) {
        bytes = class_id == JS_CLASS_UINT8_ARRAY ? JS_GetUint8Array(ctx, &n, value) : JS_GetArrayBuffer(ctx, &n, value);
        if (!bytes && JS_HasException(ctx)) return refuse_thrown(trail);
        return write_bytes(bytes, n);
    }
    if (!replaced) {
        JSValue other = replacement(value, trail);
        if (JS_IsException(other)) return refuse_thrown(trail);
        if (!JS_IsUninitialized(other)) {
            int result = JS_IsObject(other) ? write_object(other, trail, depth, member, true) : write_value(other, trail, depth, member);
            JS_FreeValue(ctx, other);
            return result;
        }
    }
    if (class_id == JS_CLASS_ERROR) return write_error(value, trail);
    if (class_id == JS_CLASS_NUMBER || class_id == JS_CLASS_STRING || class_id == JS_CLASS_BOOLEAN || class_id == JS_CLASS_BIG_INT)
        return write_value(p->u.object_data, trail, depth, member);
    if (class_id == JS_CLASS_MAP) return write_map(value, trail, depth);
    if (class_id == JS_CLASS_SET) {
        JSValue items = collection_items(value, JS_CLASS_SET);
        if (JS_IsException(items)) return FAILED;
        Trail here = {trail, p, JS_ATOM_NULL, -1};
        int result = write_array(items, &here, depth);
        JS_FreeValue(ctx, items);
        return result;
    }
    if (class_id >= JS_CLASS_UINT8C_ARRAY && class_id <= JS_CLASS_FLOAT64_ARRAY) return write_array(value, trail, depth);
    int is_array = js_is_array(ctx, value);
    if (is_array < 0) return refuse_thrown(trail);
    return is_array ? write_array(value, trail, depth) : write_members(value, trail, depth);
}

static int write_value(JSValueConst value, Trail *trail, int depth, bool member)
{
    char digits[16];
    switch (JS_VALUE_GET_NORM_TAG(value)) {
    case JS_TAG_INT:
        dbuf_put(&out, (uint8_t *)digits, i32toa(digits, JS_VALUE_GET_INT(value)));
        return WRITTEN;
    case JS_TAG_FLOAT64: return write_double(JS_VALUE_GET_FLOAT64(value));
    case JS_TAG_BOOL: dbuf_putstr(&out, JS_VALUE_GET_BOOL(value) ? "true" : "false"); return WRITTEN;
    case JS_TAG_NULL: dbuf_putstr(&out, "null"); return WRITTEN;
    case JS_TAG_STRING:
    case JS_TAG_STRING_ROPE: return write_string(value);
    case JS_TAG_SHORT_BIG_INT:
    case JS_TAG_BIG_INT: {
        JSValue text = js_bigint_to_string(ctx, value);
        if (JS_IsException(text)) return FAILED;
        dbuf_putstr(&out, "{\"$bigint\":");
        int result = write_string(text);
        dbuf_putc(&out, '}');
        JS_FreeValue(ctx, text);
        return result;
    }
    case JS_TAG_SYMBOL: return refuse(trail, "a symbol cannot cross; use its description%s", "");
    case JS_TAG_OBJECT: return write_object(value, trail, depth, member, false);
    default:
        if (member) return SKIPPED;
        dbuf_putstr(&out, "null");
        return WRITTEN;
    }
}

/* Writes a whole value, or cuts back to `start`: FAILED with an exception, OVER when it is over `limit` bytes. */
static int write_whole(JSValueConst value, size_t start, int64_t limit)
{
    size_t from = out.size;
    write_limit = from + limit;
    int result = write_value(value, NULL, 0, false);
    if (result == WRITTEN && dbuf_error(&out)) { JS_ThrowOutOfMemory(ctx); result = FAILED; }
    if (result == WRITTEN && (int64_t)out.size > write_limit) result = OVER;
    write_limit = INT64_MAX;
    if (result != WRITTEN) {
        if (dbuf_error(&out)) { dbuf_free(&out); dbuf_init(&out); } else out.size = start;
    }
    return result;
}

/* ---- values in ------------------------------------------------------------------------------------------------- */

static JSValue revive(JSValue value, int depth);

static JSValue revive_tag(const char *tag, JSValueConst held)
{
    JSValue result = JS_UNDEFINED;
    size_t n;
    const char *text = JS_ToCStringLen(ctx, &n, held);
    if (!text) return JS_EXCEPTION;
    if (!strcmp(tag, "$bytes")) {
        int error = 0;
        uint8_t *bytes = js_malloc(ctx, n / 4 * 3 + 4);
        if (!bytes) { JS_FreeCString(ctx, text); return JS_EXCEPTION; }
        size_t size = b64_decode(text, n, bytes, &error);
        result = JS_NewUint8ArrayCopy(ctx, bytes, size);
        js_free(ctx, bytes);
    } else if (!strcmp(tag, "$date")) {
        JSValueConst arguments[] = {held};
        JSValue ms = js_Date_parse(ctx, JS_UNDEFINED, 1, arguments);
        double at = NAN;
        JS_ToFloat64(ctx, &at, ms);
        result = JS_NewDate(ctx, at);
    } else if (!strcmp(tag, "$bigint")) {
        result = JS_StringToBigIntErr(ctx, JS_DupValue(ctx, held));
    } else if (!strcmp(tag, "$number")) {
        double d = text[0] == 'N' ? NAN : text[0] == '-' ? (text[1] == '0' ? -0.0 : -INFINITY) : INFINITY;
        result = JS_NewFloat64(ctx, d);
    } else {
        JS_ThrowSyntaxError(ctx, "unknown tag %.40s", tag);
        result = JS_EXCEPTION;
    }
    JS_FreeCString(ctx, text);
    return result;
}

static JSValue new_blob(JSValueConst held)
{
    JSAtom media_type = JS_NewAtom(ctx, "media_type");
    JSValue blob = JS_NewObjectProtoClass(ctx, roots[ROOT_BLOB_PROTOTYPE], blob_class);
    if (!JS_IsException(blob)) {
        JS_DefinePropertyValue(ctx, blob, id_atom, JS_GetProperty(ctx, held, id_atom), JS_PROP_ENUMERABLE);
        JS_DefinePropertyValue(ctx, blob, type_atom, JS_GetProperty(ctx, held, media_type), JS_PROP_ENUMERABLE);
        JS_DefinePropertyValue(ctx, blob, size_atom, JS_GetProperty(ctx, held, size_atom), JS_PROP_ENUMERABLE);
        JS_PreventExtensions(ctx, blob);
    }
    JS_FreeAtom(ctx, media_type);
    return blob;
}

/* The value of an object with one key that begins with `$`; takes the object over. */
static JSValue revive_single(JSValue value, JSAtom atom, const char *key, int depth)
{
    JSValue held = JS_GetProperty(ctx, value, atom), result;
    if (key[1] == '$') {
        result = JS_NewObject(ctx);
        JSAtom shorter = JS_NewAtom(ctx, key + 1);
        JS_DefinePropertyValue(ctx, result, shorter, revive(held, depth + 1), JS_PROP_C_W_E);
        JS_FreeAtom(ctx, shorter);
    } else {
        result = !strcmp(key, "$blob") ? new_blob(held) : revive_tag(key, held);
        JS_FreeValue(ctx, held);
    }
    JS_FreeValue(ctx, value);
    return result;
}

static JSValue revive(JSValue value, int depth)
{
    if (!JS_IsObject(value)) return value;
    if (depth > MAX_DEPTH + 8) { JS_FreeValue(ctx, value); return JS_ThrowSyntaxError(ctx, "nested too deeply"); }
    JSObject *p = JS_VALUE_GET_OBJ(value);
    if (p->class_id == JS_CLASS_ARRAY) {
        for (uint32_t i = 0; i < p->u.array.count; i++) {
            JSValue item = p->u.array.u.values[i];
            if (!JS_IsObject(item)) continue;
            p->u.array.u.values[i] = JS_UNDEFINED;
            item = revive(item, depth + 1);
            if (JS_IsException(item)) { JS_FreeValue(ctx, value); return item; }
            p->u.array.u.values[i] = item;
        }
        return value;
    }
    if (p->shape->prop_count == 1) {
        JSAtom atom = get_shape_prop(p->shape)->atom;
        const char *key = JS_AtomToCString(ctx, atom);
        if (key && key[0] == '$') {
            atom = JS_DupAtom(ctx, atom);
            JSValue result = revive_single(value, atom, key, depth);
            JS_FreeAtom(ctx, atom);
            JS_FreeCString(ctx, key);
            return result;
        }
        JS_FreeCString(ctx, key);
    }
    for (int i = 0; i < p->shape->prop_count; i++) {
        JSValue item = p->prop[i].u.value;
        if (!JS_IsObject(item)) continue;
        p->prop[i].u.value = JS_UNDEFINED;
        item = revive(item, depth + 1);
        if (JS_IsException(item)) { JS_FreeValue(ctx, value); return item; }
        p->prop[i].u.value = item;
    }
    return value;
}

static JSValue read_value(const char *text, size_t n)
{
    JSValue value = JS_ParseJSON(ctx, text, n, "<answer>");
    if (JS_IsException(value) || !memmem(text, n, "\"$", 2)) return value;
    return revive(value, 0);
}

/* ---- calls ----------------------------------------------------------------------------------------------------- */

static JSValue settled_badly(JSValue error)
{
    JSValue functions[2], promise = JS_NewPromiseCapability(ctx, functions);
    if (!JS_IsException(promise)) {
        JSValueConst arguments[] = {error};
        JS_FreeValue(ctx, JS_Call(ctx, functions[1], JS_UNDEFINED, 1, arguments));
        JS_FreeValue(ctx, functions[0]);
        JS_FreeValue(ctx, functions[1]);
    }
    JS_FreeValue(ctx, error);
    return promise;
}

static JSValue rejected_here(void)
{
    if (stopped) return JS_EXCEPTION;
    return settled_badly(JS_GetException(ctx));
}

static bool is_arguments_object(JSValueConst value)
{
    if (!JS_IsObject(value)) return false;
    uint32_t class_id = JS_VALUE_GET_OBJ(value)->class_id;
    return class_id == JS_CLASS_OBJECT || class_id == JS_CLASS_MAP || class_id == JS_CLASS_PROMISE ||
           (class_id == JS_CLASS_PROXY && !JS_IsFunction(ctx, value) && js_is_array(ctx, value) == 0);
}

static JSValue make_call(JSValueConst path, int argc, JSValueConst *argv)
{
    bool none = argc == 0 || (argc == 1 && JS_IsUndefined(argv[0]));
    if (closing) return JS_ThrowTypeError(ctx, "the program has ended"), rejected_here();
    const char *name = JS_ToCString(ctx, path);
    if (!name) return JS_EXCEPTION;
    if (!none && (argc != 1 || !is_arguments_object(argv[0]))) {
        JS_ThrowTypeError(ctx, "%.100s takes one object with named arguments: %.100s({...})", name, name);
        JS_FreeCString(ctx, name);
        return rejected_here();
    }
    if (last_seq >= control.max_calls) { JS_FreeCString(ctx, name); return stop(TOO_MANY_CALLS); }
    bool timer = !strcmp(name, "codemode.sleep");
    JS_FreeCString(ctx, name);
    size_t start = out.size;
    dbuf_printf(&out, "C\t%lld\t", (long long)last_seq + 1);
    if (write_text(path)) return JS_EXCEPTION;
    dbuf_putc(&out, '\t');
    int result = WRITTEN;
    if (none) dbuf_putstr(&out, "{}"); else result = write_whole(argv[0], start, control.max_args);
    if (result == OVER) {
        char limit[24];
        snprintf(limit, sizeof(limit), "%lld", (long long)control.max_args);
        refuse(NULL, "the arguments are over the limit of %s bytes", limit);
    }
    if (result != WRITTEN) return rejected_here();
    dbuf_putc(&out, '\n');
    JSValue functions[2], promise = JS_NewPromiseCapability(ctx, functions);
    if (JS_IsException(promise)) return promise;
    if (!grow((void **)&pending, &pending_size, pending_count, sizeof(Pending))) return JS_ThrowOutOfMemory(ctx);
    pending[pending_count++] = (Pending){++last_seq, timer, functions[0], functions[1], capture()};
    return promise;
}

static int find_pending(int64_t seq)
{
    for (int i = 0; i < pending_count; i++)
        if (pending[i].seq == seq) return i;
    return -1;
}

static void free_pending(int i)
{
    Pending gone = pending[i];
    memmove(pending + i, pending + i + 1, (--pending_count - i) * sizeof(Pending));
    JS_FreeValue(ctx, gone.resolve);
    JS_FreeValue(ctx, gone.reject);
    JS_FreeValue(ctx, gone.stack);
}

static void drop(int64_t seq)
{
    int i = find_pending(seq);
    if (i < 0) return;
    free_pending(i);
    dbuf_printf(&out, "D\t%lld\n", (long long)seq);
}

/* False with an exception when the answer cannot be read. An answer to a call that was dropped is passed over. */
static bool settle(int64_t seq, bool returned, const char *text, size_t n)
{
    int i = find_pending(seq);
    if (i < 0) return true;
    JSValue value = read_value(text, n);
    if (JS_IsException(value)) return false;
    if (!returned) {
        JSValueConst arguments[] = {value};
        JSValue error = JS_Call(ctx, roots[ROOT_RAISE], JS_UNDEFINED, 1, arguments);
        JS_FreeValue(ctx, value);
        if (JS_IsException(error)) return false;
        JSObject *p = JS_VALUE_GET_OBJ(error);
        if (JS_IsError(error)) { JS_FreeValue(ctx, p->u.object_data); p->u.object_data = JS_DupValue(ctx, pending[i].stack); }
        value = error;
    }
    JSValue function = JS_DupValue(ctx, returned ? pending[i].resolve : pending[i].reject);
    JSValueConst arguments[] = {value};
    free_pending(i);
    JSValue done = JS_Call(ctx, function, JS_UNDEFINED, 1, arguments);
    JS_FreeValue(ctx, function);
    JS_FreeValue(ctx, value);
    JS_FreeValue(ctx, done);
    return !JS_IsException(done);
}

static void on_rejection(JSContext *context, JSValueConst promise, JSValueConst reason, bool handled, void *opaque)
{
    if (handled) {
        for (int i = rejected_count - 1; i >= 0; i--)
            if (js_same_value(ctx, rejected[i].promise, promise)) {
                JS_FreeValue(ctx, rejected[i].promise);
                JS_FreeValue(ctx, rejected[i].reason);
                memmove(rejected + i, rejected + i + 1, (--rejected_count - i) * sizeof(Rejected));
                return;
            }
    } else if (grow((void **)&rejected, &rejected_size, rejected_count, sizeof(Rejected))) {
        rejected[rejected_count++] = (Rejected){JS_DupValue(ctx, promise), JS_DupValue(ctx, reason)};
    }
}

/* ---- what the prelude can ask of us ---------------------------------------------------------------------------- */

static JSValue host_method(JSContext *c, JSValueConst this_val, int argc, JSValueConst *argv, int magic, JSValueConst *bound)
{
    return make_call(bound[0], argc, argv);
}

/* method(path): the function that calls `path` */
static JSValue host_new_method(JSContext *c, JSValueConst this_val, int argc, JSValueConst *argv)
{
    return JS_NewCFunctionData(ctx, host_method, 1, 0, 1, argv);
}

static JSValue host_call(JSContext *c, JSValueConst this_val, int argc, JSValueConst *argv)
{
    return make_call(argv[0], 1, argv + 1);
}

static JSValue host_last(JSContext *c, JSValueConst this_val, int argc, JSValueConst *argv) { return JS_NewInt64(ctx, last_seq); }

static JSValue host_drop(JSContext *c, JSValueConst this_val, int argc, JSValueConst *argv)
{
    int64_t seq;
    if (JS_ToInt64(ctx, &seq, argv[0])) return JS_EXCEPTION;
    drop(seq);
    return JS_UNDEFINED;
}

/* print(line, warning): false once the limit is reached, and then for ever; the line that reaches it is cut */
static JSValue host_print(JSContext *c, JSValueConst this_val, int argc, JSValueConst *argv)
{
    int64_t room = control.max_printed - printed;
    if (room < 0) return JS_FALSE;
    JSValue line = JS_ToString(ctx, argv[0]);
    if (JS_IsException(line)) return line;
    JSString *p = JS_VALUE_GET_STRING(line);
    if (p->is_wide_char) room /= 3; /* UTF-8 takes up to three bytes a unit */
    bool cut = p->len > room;
    JSValue shown = cut ? js_sub_string(ctx, p, 0, room) : JS_DupValue(ctx, line);
    JS_FreeValue(ctx, line);
    if (JS_IsException(shown)) return shown;
    size_t start = out.size;
    dbuf_putstr(&out, argc > 1 ? "U\t" : "L\t");
    int result = write_string(shown);
    JS_FreeValue(ctx, shown);
    if (result) return JS_EXCEPTION;
    dbuf_putc(&out, '\n');
    printed += out.size - start - 4;
    if (cut) printed = control.max_printed + 1;
    if (printed <= control.max_printed) return JS_TRUE;
    dbuf_printf(&out, "L\t\"(output cut: over the limit of %lld bytes)\"\n", (long long)control.max_printed);
    return JS_FALSE;
}

static JSValue host_now(JSContext *c, JSValueConst this_val, int argc, JSValueConst *argv) { return JS_NewInt64(ctx, control.now_ms); }

static JSValue host_random(JSContext *c, JSValueConst this_val, int argc, JSValueConst *argv)
{
    return JS_NewUint32(ctx, xorshift64star(&crypto_state) >> 32);
}

static JSValue host_stack(JSContext *c, JSValueConst this_val, int argc, JSValueConst *argv) { return stack_of(argv[0]); }

/* kind(value): what an object really is, whatever its prototype says */
static JSValue host_kind(JSContext *c, JSValueConst this_val, int argc, JSValueConst *argv)
{
    if (!JS_IsObject(argv[0])) return JS_NewString(ctx, "");
    uint32_t class_id = JS_VALUE_GET_OBJ(argv[0])->class_id;
    if (class_id == JS_CLASS_PROXY) return JS_NewString(ctx, "Proxy");
    if (JS_IsFunction(ctx, argv[0])) return JS_NewString(ctx, "Function");
    return JS_AtomToString(ctx, rt->class_array[class_id].class_name);
}

static JSValue host_target(JSContext *c, JSValueConst this_val, int argc, JSValueConst *argv)
{
    return JS_IsProxy(argv[0]) ? JS_GetProxyTarget(ctx, argv[0]) : JS_UNDEFINED;
}

/* promise(value): null while it is pending, else [result, whether it is a rejection] */
static JSValue host_promise(JSContext *c, JSValueConst this_val, int argc, JSValueConst *argv)
{
    int state = JS_PromiseState(ctx, argv[0]);
    if (state != JS_PROMISE_FULFILLED && state != JS_PROMISE_REJECTED) return JS_NULL;
    JSValue pair = JS_NewArray(ctx);
    JS_DefinePropertyValueUint32(ctx, pair, 0, JS_PromiseResult(ctx, argv[0]), JS_PROP_C_W_E);
    JS_DefinePropertyValueUint32(ctx, pair, 1, JS_NewBool(ctx, state == JS_PROMISE_REJECTED), JS_PROP_C_W_E);
    return pair;
}

/* items(collection): the flat content of a Map or Set */
static JSValue host_items(JSContext *c, JSValueConst this_val, int argc, JSValueConst *argv)
{
    if (JS_IsMap(argv[0])) return collection_items(argv[0], JS_CLASS_MAP);
    if (JS_IsSet(argv[0])) return collection_items(argv[0], JS_CLASS_SET);
    return JS_NewArray(ctx);
}

static JSValue host_utf8(JSContext *c, JSValueConst this_val, int argc, JSValueConst *argv)
{
    size_t n;
    const char *text = JS_ToCStringLen(ctx, &n, argv[0]); /* lone surrogates come as three bytes each */
    if (!text) return JS_EXCEPTION;
    JSValue bytes = JS_NewUint8ArrayCopy(ctx, (const uint8_t *)text, n);
    uint8_t *p = JS_GetUint8Array(ctx, &n, bytes);
    for (size_t i = 0; p && i + 2 < n; i++)
        if (p[i] == 0xED && p[i + 1] >= 0xA0) { p[i] = 0xEF; p[i + 1] = 0xBF; p[i + 2] = 0xBD; i += 2; }
    JS_FreeCString(ctx, text);
    return bytes;
}

/* The bytes of an ArrayBuffer, typed array or DataView. */
static uint8_t *view(JSValueConst value, size_t *n)
{
    *n = 0;
    if (!JS_IsObject(value)) return JS_ThrowTypeError(ctx, "expected an ArrayBuffer or a typed array"), NULL;
    uint32_t class_id = JS_VALUE_GET_OBJ(value)->class_id;
    if (class_id == JS_CLASS_ARRAY_BUFFER) return JS_GetArrayBuffer(ctx, n, value);
    if (class_id < JS_CLASS_UINT8C_ARRAY || class_id > JS_CLASS_FLOAT64_ARRAY)
        return JS_ThrowTypeError(ctx, "expected an ArrayBuffer or a typed array"), NULL;
    size_t offset, length, each, whole;
    JSValue buffer = JS_GetTypedArrayBuffer(ctx, value, &offset, &length, &each);
    if (JS_IsException(buffer)) return NULL;
    uint8_t *bytes = JS_GetArrayBuffer(ctx, &whole, buffer);
    JS_FreeValue(ctx, buffer);
    if (!bytes || offset + length > whole) return NULL;
    *n = length;
    return bytes + offset;
}

/* text(bytes, fatal): UTF-8 to a string; null when fatal and malformed */
static JSValue host_text(JSContext *c, JSValueConst this_val, int argc, JSValueConst *argv)
{
    size_t n;
    uint8_t *bytes = view(argv[0], &n);
    if (!bytes && JS_HasException(ctx)) return JS_EXCEPTION;
    const uint8_t *p = bytes, *end = bytes + n;
    DynBuf clean;
    js_dbuf_init(ctx, &clean);
    while (p < end) {
        const uint8_t *next = p;
        uint32_t point = utf8_decode_len(p, end - p, &next);
        bool bad = next == p || (point == 0xFFFD && !(next - p == 3 && p[0] == 0xEF)) || is_surrogate(point);
        if (bad && JS_VALUE_GET_TAG(argv[1]) == JS_TAG_BOOL && JS_VALUE_GET_BOOL(argv[1])) { dbuf_free(&clean); return JS_NULL; }
        if (bad) dbuf_putstr(&clean, "\xEF\xBF\xBD"); else dbuf_put(&clean, p, next - p);
        p = next == p ? p + 1 : next;
    }
    JSValue text = dbuf_error(&clean) ? JS_ThrowOutOfMemory(ctx) : JS_NewStringLen(ctx, (char *)clean.buf, clean.size);
    dbuf_free(&clean);
    return text;
}

static const JSCFunctionListEntry host_functions[] = {
    JS_CFUNC_DEF("method", 1, host_new_method), JS_CFUNC_DEF("call", 2, host_call),     JS_CFUNC_DEF("last", 0, host_last),
    JS_CFUNC_DEF("drop", 1, host_drop),         JS_CFUNC_DEF("print", 1, host_print),   JS_CFUNC_DEF("now", 0, host_now),
    JS_CFUNC_DEF("random", 0, host_random),     JS_CFUNC_DEF("stack", 1, host_stack),   JS_CFUNC_DEF("kind", 1, host_kind),
    JS_CFUNC_DEF("promise", 1, host_promise),   JS_CFUNC_DEF("items", 1, host_items),   JS_CFUNC_DEF("utf8", 1, host_utf8),
    JS_CFUNC_DEF("text", 2, host_text),         JS_CFUNC_DEF("target", 1, host_target),
};

/* ---- names that programs expect and that are not here ----------------------------------------------------------- */

static const char *missing_name(const char *name)
{
    static const char *const table[][2] = {
        {"fetch", "There is no fetch in here: call a tool; codemode.search({query}) finds one"},
        {"XMLHttpRequest", "There is no XMLHttpRequest in here: call a tool; codemode.search({query}) finds one"},
        {"WebSocket", "There is no WebSocket in here: call a tool; codemode.search({query}) finds one"},
        {"axios", "There is no axios in here: call a tool; codemode.search({query}) finds one"},
        {"process", "There is no process in here: no environment, arguments or exit; read `input`, and return a value to end"},
        {"require", "There is no require in here: no modules; use the tools' namespaces and plain JavaScript"},
        {"module", "There is no module in here: return the value instead of exporting it"},
        {"exports", "There is no exports in here: return the value instead of exporting it"},
        {"Deno", "There is no Deno in here: use the tools' namespaces and plain JavaScript"},
        {"Bun", "There is no Bun in here: use the tools' namespaces and plain JavaScript"},
        {"Buffer", "There is no Buffer in here: use Uint8Array, TextEncoder and TextDecoder; bytes.toBase64() and Uint8Array.fromBase64(text)"},
        {"fs", "There is no fs in here: no files; call a tool; codemode.search({query}) finds one"},
        {"localStorage", "There is no localStorage in here: use codemode.state.get(key) and codemode.state.set(key, value)"},
        {"sessionStorage", "There is no sessionStorage in here: use codemode.state.get(key) and codemode.state.set(key, value)"},
        {"window", "There is no window in here: this is not a browser; use globalThis for globals"},
        {"document", "There is no document in here: this is not a browser; work on text and data"},
        {"global", "There is no global in here: use globalThis"},
        {"self", "There is no self in here: use globalThis"},
        {"alert", "There is no alert in here: use console.log"},
        {"prompt", "There is no prompt in here: read `input`"},
        {"Intl", "There is no Intl in here: format numbers and dates with plain JavaScript"},
        {"WeakRef", "There is no WeakRef in here: use WeakMap or a plain reference"},
        {"FinalizationRegistry", "There is no FinalizationRegistry in here: clean up in a finally block"},
        {"WebAssembly", "There is no WebAssembly in here: use plain JavaScript"},
        {"Worker", "There is no Worker in here: use Promise.all to call tools at the same time"},
    };
    for (size_t i = 0; i < countof(table); i++)
        if (!strcmp(name, table[i][0])) return table[i][1];
    return NULL;
}

static JSModuleDef *no_modules(JSContext *c, const char *name, void *opaque, JSValueConst attributes)
{
    JS_ThrowTypeError(ctx, "There are no modules in here, so %.80s cannot be imported: use the tools' namespaces and plain JavaScript", name);
    return NULL;
}

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

/* Before a snapshot: collect garbage, and let go of what only the last turn needed. */
EXPORT("rest") void guest_rest(void)
{
    JS_UpdateStackTop(rt);
    JS_RunGC(rt);
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
    guest_rest();
    free((void *)(uintptr_t)control.in_at);
    control.in_size = 4096;
    control.in_at = (uintptr_t)calloc(1, control.in_size);
    control.gas_used = 0;
    JS_SetGCThreshold(rt, GC_THRESHOLD);
    fill_holes();
    return 1;
}
