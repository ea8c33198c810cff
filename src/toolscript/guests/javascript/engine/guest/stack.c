/* Stacks: the program's own frames, in the engine's own format. Part of guest.c. */

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
