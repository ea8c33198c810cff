/* Values out: scalars in the codec's text form, and the words for what cannot cross. Part of guest.c. */

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
