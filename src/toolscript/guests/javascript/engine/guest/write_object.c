/* Values out: arrays, objects, collections, and the whole. Part of guest.c. */

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
