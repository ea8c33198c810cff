/* Values in: the codec's text form back into values. Part of guest.c. */

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
