/* Stacks: the frames of the program and of its snippets, in the engine's own format. Part of guest.c. */

/* The texts of snippets that ran, by the name under which each was evaluated: `<snippet DEPTH NAME>`. */
typedef struct { JSAtom file; int depth; } Text;
static Text *texts;
static int text_count, text_size;

/* 0 for the program itself, 1 for a snippet that it ran, and so on; -1 for what is neither. */
static int depth_of(JSAtom file)
{
    if (file == file_atom) return 0;
    for (int i = 0; i < text_count; i++)
        if (texts[i].file == file) return texts[i].depth;
    return -1;
}

static JSFunctionBytecode *bytecode_of(JSStackFrame *sf)
{
    if (JS_VALUE_GET_TAG(sf->cur_func) != JS_TAG_OBJECT || !sf->cur_pc) return NULL;
    JSObject *p = JS_VALUE_GET_OBJ(sf->cur_func);
    return js_class_has_bytecode(p->class_id) ? p->u.func.function_bytecode : NULL;
}

/* How deep the text is that runs at this moment. */
static int depth_here(void)
{
    for (JSStackFrame *sf = rt->current_stack_frame; sf; sf = sf->prev_frame) {
        JSFunctionBytecode *b = bytecode_of(sf);
        int depth = b ? depth_of(b->filename) : -1;
        if (depth >= 0) return depth;
    }
    return 0;
}

static JSValue capture(void)
{
    DynBuf text;
    int frames = 0;
    js_dbuf_init(ctx, &text);
    for (JSStackFrame *sf = rt->current_stack_frame; sf && frames < MAX_FRAMES; sf = sf->prev_frame) {
        JSFunctionBytecode *b = bytecode_of(sf);
        if (!b || depth_of(b->filename) < 0) continue;
        int column, line = find_line_num(ctx, b, sf->cur_pc - b->byte_code_buf - 1, &column);
        const char *name = get_func_name(ctx, sf->cur_func);
        if (b->filename == file_atom) {
            dbuf_printf(&text, "    at %.80s (" FILE_NAME ":%d:%d)\n", name && *name ? name : "<anonymous>", line, column);
        } else {
            const char *file = JS_AtomToCString(ctx, b->filename);
            dbuf_printf(&text, "    at %.80s (%.450s:%d:%d)\n", name && *name ? name : "<anonymous>", file ? file : "", line, column);
            JS_FreeCString(ctx, file);
        }
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

/* What was thrown came out of a snippet: the frames of the run call go below its own. */
static bool add_frames(JSValueConst reason, JSValueConst frames)
{
    JSValue *held = NULL;
    if (JS_IsError(reason)) held = &JS_VALUE_GET_OBJ(reason)->u.object_data;
    else if (js_same_value(ctx, reason, thrown)) held = &thrown_stack;
    if (!held || !JS_IsString(*held) || !JS_IsString(frames)) return true;
    JSValue whole = JS_ConcatString(ctx, JS_DupValue(ctx, *held), JS_DupValue(ctx, frames));
    if (JS_IsException(whole)) return false;
    JS_FreeValue(ctx, *held);
    *held = whole;
    return true;
}

static JSValue stack_of(JSValueConst value)
{
    if (JS_IsError(value)) return JS_DupValue(ctx, JS_VALUE_GET_OBJ(value)->u.object_data);
    if (js_same_value(ctx, value, thrown)) return JS_DupValue(ctx, thrown_stack);
    return JS_UNDEFINED;
}
