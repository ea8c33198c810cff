/* Names that programs expect and that are not here: what to use instead. Part of guest.c. */

static const char *missing_name(const char *name)
{
    static const char *const table[][2] = {
        {"fetch", "There is no fetch in here: call a tool; codemode.search({query}) finds one"},
        {"XMLHttpRequest", "There is no XMLHttpRequest in here: call a tool; codemode.search({query}) finds one"},
        {"Headers", "There is no Headers in here: call a tool; codemode.search({query}) finds one"},
        {"Request", "There is no Request in here: call a tool; codemode.search({query}) finds one"},
        {"Response", "There is no Response in here: call a tool; codemode.search({query}) finds one"},
        {"FormData", "There is no FormData in here: call a tool; codemode.search({query}) finds one"},
        {"WebSocket", "There is no WebSocket in here: call a tool; codemode.search({query}) finds one"},
        {"axios", "There is no axios in here: call a tool; codemode.search({query}) finds one"},
        {"process", "There is no process in here: no environment, arguments or exit; read `input`, and return a value to end"},
        {"require", "There is no require in here: no modules; use the tools' namespaces and plain JavaScript"},
        {"module", "There is no module in here: return the value instead of exporting it"},
        {"exports", "There is no exports in here: return the value instead of exporting it"},
        {"Deno", "There is no Deno in here: use the tools' namespaces and plain JavaScript"},
        {"Bun", "There is no Bun in here: use the tools' namespaces and plain JavaScript"},
        {"Buffer", "There is no Buffer in here: use Uint8Array, TextEncoder and TextDecoder; bytes.toBase64() and Uint8Array.fromBase64(text)"},
        {"File", "There is no File in here: use Uint8Array, TextEncoder and TextDecoder"},
        {"fs", "There is no fs in here: no files; call a tool; codemode.search({query}) finds one"},
        {"localStorage", "There is no localStorage in here: use codemode.state.get(key) and codemode.state.set(key, value)"},
        {"sessionStorage", "There is no sessionStorage in here: use codemode.state.get(key) and codemode.state.set(key, value)"},
        {"window", "There is no window in here: this is not a browser; use globalThis for globals"},
        {"document", "There is no document in here: this is not a browser; work on text and data"},
        {"global", "There is no global in here: use globalThis"},
        {"self", "There is no self in here: use globalThis"},
        {"alert", "There is no alert in here: use console.log"},
        {"prompt", "There is no prompt in here: read `input`"},
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
