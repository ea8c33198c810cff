/* Snippets: programs that run inside this one. Part of guest.c.

   1. The answer to a run call holds a script, and is handed to the prelude's `startSnippet` and to nobody else: that a
      call is one is noted beside its promise, so no value that a program makes or receives is ever taken for a script.
   2. A script is evaluated as the program was, under a name of its own: its frames tell how deep it is, and its lines.
*/
#define RUN_PATH "codemode.run"
#define MAX_SNIPPET_DEPTH 8 /* deeper than people nest; a snippet that runs itself is told so before it costs much */

static JSValue make_run_call(JSValueConst arguments)
{
    int depth = depth_here() + 1;
    if (depth > MAX_SNIPPET_DEPTH) {
        JS_ThrowRangeError(ctx, "snippets can run each other %d deep: does this one run itself?", MAX_SNIPPET_DEPTH);
        return rejected_here();
    }
    JSValue path = JS_NewString(ctx, RUN_PATH);
    JSValue promise = JS_IsException(path) ? path : make_call(path, 1, &arguments, depth);
    JS_FreeValue(ctx, path);
    return promise;
}

/* run({name, input, version}) */
static JSValue host_run(JSContext *c, JSValueConst this_val, int argc, JSValueConst *argv) { return make_run_call(argv[0]); }

static JSValue host_call_snippet(JSContext *c, JSValueConst this_val, int argc, JSValueConst *argv, int magic, JSValueConst *bound)
{
    bool none = argc == 0 || (argc == 1 && JS_IsUndefined(argv[0]));
    if (!none && (argc != 1 || !is_arguments_object(argv[0]))) {
        const char *name = JS_ToCString(ctx, bound[0]);
        if (!name) return JS_EXCEPTION;
        JS_ThrowTypeError(ctx, "snippets.%.100s takes one object with named arguments: snippets.%.100s({...})", name, name);
        JS_FreeCString(ctx, name);
        return rejected_here();
    }
    JSValue arguments = JS_NewObjectProto(ctx, JS_NULL);
    if (JS_IsException(arguments)) return arguments;
    JS_DefinePropertyValueStr(ctx, arguments, "name", JS_DupValue(ctx, bound[0]), JS_PROP_C_W_E);
    JS_DefinePropertyValueStr(ctx, arguments, "input", none ? JS_NewObject(ctx) : JS_DupValue(ctx, argv[0]), JS_PROP_C_W_E);
    JSValue promise = make_run_call(arguments);
    JS_FreeValue(ctx, arguments);
    return promise;
}

/* snippet(name): the function that runs it */
static JSValue host_new_snippet(JSContext *c, JSValueConst this_val, int argc, JSValueConst *argv)
{
    JSValue method = JS_NewCFunctionData(ctx, host_call_snippet, 1, 0, 1, argv);
    if (!JS_IsException(method)) JS_DefinePropertyValue(ctx, method, JS_ATOM_name, JS_DupValue(ctx, argv[0]), JS_PROP_CONFIGURABLE);
    return method;
}

static bool remember_text(const char *file, int depth)
{
    JSAtom atom = JS_NewAtom(ctx, file);
    if (atom == JS_ATOM_NULL) return false;
    if (depth_of(atom) >= 0) { JS_FreeAtom(ctx, atom); return true; }
    if (!grow((void **)&texts, &text_size, text_count, sizeof(Text))) { JS_FreeAtom(ctx, atom); return JS_ThrowOutOfMemory(ctx), false; }
    texts[text_count++] = (Text){atom, depth};
    return true;
}

/* load(script, name, depth): the function that the script is */
static JSValue host_load(JSContext *c, JSValueConst this_val, int argc, JSValueConst *argv)
{
    char file[512];
    size_t n;
    int depth;
    JSValue main = JS_EXCEPTION;
    if (JS_ToInt32(ctx, &depth, argv[2])) return JS_EXCEPTION;
    const char *script = JS_ToCStringLen(ctx, &n, argv[0]), *name = JS_ToCString(ctx, argv[1]);
    if (script && name) {
        snprintf(file, sizeof(file), "<snippet %d %.400s>", depth, name);
        if (remember_text(file, depth)) main = JS_Eval(ctx, script, n, file, JS_EVAL_TYPE_GLOBAL);
        if (JS_IsFunction(ctx, main)) JS_DefinePropertyValueStr(ctx, main, "name", JS_NewString(ctx, "main"), JS_PROP_CONFIGURABLE);
    }
    JS_FreeCString(ctx, script);
    JS_FreeCString(ctx, name);
    return main;
}

/* rethrow(reason, stack): throws it once more, under the frames of the run call. In C, because a `throw` of the
   prelude's would take the place of the one that is remembered (note_throw). */
static JSValue host_rethrow(JSContext *c, JSValueConst this_val, int argc, JSValueConst *argv)
{
    if (!add_frames(argv[0], argv[1])) return JS_EXCEPTION;
    return JS_Throw(ctx, JS_DupValue(ctx, argv[0]));
}
