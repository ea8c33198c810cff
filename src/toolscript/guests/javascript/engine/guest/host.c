/* What the prelude can ask of us. Part of guest.c. */

static JSValue host_method(JSContext *c, JSValueConst this_val, int argc, JSValueConst *argv, int magic, JSValueConst *bound)
{
    return make_call(bound[0], argc, argv, 0);
}

/* method(path, name): the function that calls `path` */
static JSValue host_new_method(JSContext *c, JSValueConst this_val, int argc, JSValueConst *argv)
{
    JSValue method = JS_NewCFunctionData(ctx, host_method, 1, 0, 1, argv);
    if (!JS_IsException(method)) JS_DefinePropertyValue(ctx, method, JS_ATOM_name, JS_DupValue(ctx, argv[1]), JS_PROP_CONFIGURABLE);
    return method;
}

static JSValue host_call(JSContext *c, JSValueConst this_val, int argc, JSValueConst *argv)
{
    return make_call(argv[0], 1, argv + 1, 0);
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

/* value(text): the codec's text form to a value */
static JSValue host_value(JSContext *c, JSValueConst this_val, int argc, JSValueConst *argv)
{
    size_t n;
    const char *text = JS_ToCStringLen(ctx, &n, argv[0]);
    if (!text) return JS_EXCEPTION;
    JSValue value = read_value(text, n);
    JS_FreeCString(ctx, text);
    return value;
}

static const JSCFunctionListEntry host_functions[] = {
    JS_CFUNC_DEF("method", 2, host_new_method), JS_CFUNC_DEF("call", 2, host_call),     JS_CFUNC_DEF("last", 0, host_last),
    JS_CFUNC_DEF("drop", 1, host_drop),         JS_CFUNC_DEF("print", 1, host_print),   JS_CFUNC_DEF("now", 0, host_now),
    JS_CFUNC_DEF("random", 0, host_random),     JS_CFUNC_DEF("stack", 1, host_stack),   JS_CFUNC_DEF("kind", 1, host_kind),
    JS_CFUNC_DEF("promise", 1, host_promise),   JS_CFUNC_DEF("items", 1, host_items),   JS_CFUNC_DEF("utf8", 1, host_utf8),
    JS_CFUNC_DEF("text", 2, host_text),         JS_CFUNC_DEF("target", 1, host_target), JS_CFUNC_DEF("value", 1, host_value),
    JS_CFUNC_DEF("run", 1, host_run),           JS_CFUNC_DEF("snippet", 2, host_new_snippet),
    JS_CFUNC_DEF("load", 3, host_load),         JS_CFUNC_DEF("rethrow", 2, host_rethrow),
};
