/* Calls, their answers, and rejections that nobody handles. Part of guest.c. */

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

/* `depth`: of the snippet that the answer holds; 0 for any other call. */
static JSValue make_call(JSValueConst path, int argc, JSValueConst *argv, int depth)
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
    pending[pending_count++] = (Pending){++last_seq, timer, depth, functions[0], functions[1], capture()};
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

/* What an answered run call is settled with: the promise of its snippet, or what was thrown instead (false). */
static bool start_snippet(JSValue *value, JSValueConst stack, int depth)
{
    JSValueConst arguments[] = {*value, stack, JS_NewInt32(ctx, depth)};
    JSValue promise = JS_Call(ctx, roots[ROOT_SNIPPET], JS_UNDEFINED, 3, arguments);
    JS_FreeValue(ctx, *value);
    *value = promise;
    if (!JS_IsException(promise)) return true;
    *value = JS_GetException(ctx);
    if (!add_frames(*value, stack)) { JS_FreeValue(ctx, *value); *value = JS_GetException(ctx); }
    return false;
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
    int depth = returned ? pending[i].depth : 0;
    if (depth) { /* it may make calls, which move the list of pending ones */
        JSValue stack = JS_DupValue(ctx, pending[i].stack);
        returned = start_snippet(&value, stack, depth);
        JS_FreeValue(ctx, stack);
        if (stopped) { JS_FreeValue(ctx, value); return false; }
        if ((i = find_pending(seq)) < 0) { JS_FreeValue(ctx, value); return true; }
    }
    JSValue function = JS_DupValue(ctx, returned ? pending[i].resolve : pending[i].reject);
    free_pending(i);
    JSValueConst arguments[] = {value};
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
