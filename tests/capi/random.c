/* The C interface, called in any order with whatever handles are at hand: valid ones, ended ones,
 * those of other stores, of other kinds, and made-up ones; also from callbacks. Nothing may crash
 * or be a bug of the library's own (WASMVM_INTERNAL), a failed call leaves its result alone, and
 * what was given is ended exactly once. tests/capi.rs runs this, also under AddressSanitizer.
 * Arguments: a folder with modules, a seed, how many calls. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wasmvm.h"

static unsigned long seed, done, succeeded, calls_back, progresses[4], exceptions;

static void fail(int line, const char *what, const char *more) {
    fprintf(stderr, "random.c:%d: seed %lu, call %lu: %s %s\n", line, seed, done, what, more);
    exit(1);
}
#define CHECK(x) do { if (!(x)) fail(__LINE__, #x, ""); } while (0)

static uint64_t state;
static uint64_t any(void) {
    uint64_t z = state += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}
static size_t below(size_t n) { return any() % n; }
static bool one_in(size_t n) { return below(n) == 0; }
static uint64_t number(void) {
    static const uint64_t edges[] = {0, 1, 2, 8, 255, 65535, 65536, 0x7FFFFFFF, 0x80000000,
                                     0xFFFFFFFF, INT64_MAX, UINT64_MAX - 1, UINT64_MAX};
    switch (below(4)) {
    case 0: return edges[below(sizeof edges / sizeof *edges)];
    case 1: return any();
    default: return below(16);
    }
}

/* ---- Data that is given ---- */

enum { TOKENS = 1 << 20 };
static unsigned char ended[TOKENS];
static size_t given;

static void finalize(void *data) {
    size_t token = (size_t)((unsigned char *)data - ended);
    CHECK(token < given && ended[token] == 0);
    ended[token] = 1;
}
static void *token(void) {
    CHECK(given < TOKENS);
    return &ended[given++];
}

/* ---- What is at hand ---- */

enum { INSTANCE, FUNC, MEMORY, TABLE, GLOBAL, TAG, REF, KINDS };
enum { ROOM = 48, STORES = 3, MODULES = 12, LINKERS = 4, EXECUTIONS = 6, ENGINES = 3 };
typedef struct handle { uint64_t store, index; } handle;

static handle pool[KINDS][ROOM];
static uint32_t types[16];
static wasmvm_engine *engines[ENGINES];
static wasmvm_store *stores[STORES];
static wasmvm_module *modules[MODULES];
static wasmvm_linker *linkers[LINKERS];
static wasmvm_execution *executions[EXECUTIONS];
static int runs[EXECUTIONS]; /* how often it is active: it is not to be deleted then */
static wasmvm_interrupt *interrupts[STORES];
static int depth;

static void keep(int kind, uint64_t store, uint64_t index) {
    pool[kind][below(ROOM)] = (handle){store, index};
}
static handle some(int kind) {
    handle handle = pool[kind][below(ROOM)];
    switch (below(24)) {
    case 0: memset(&handle, 0, sizeof handle); break;
    case 1: handle = pool[below(KINDS)][below(ROOM)]; break;
    case 2: handle.index += below(5) - 2; break;
    case 3: handle.index = number(); break;
    case 4: handle.store = pool[below(KINDS)][below(ROOM)].store; break;
    case 5: handle.store = number(); break;
    }
    return handle;
}
#define SOME(name, type, kind) \
    static type name(void) { handle h = some(kind); return (type){h.store, h.index}; }
SOME(some_instance, wasmvm_instance, INSTANCE)
SOME(some_func, wasmvm_func, FUNC)
SOME(some_memory, wasmvm_memory, MEMORY)
SOME(some_table, wasmvm_table, TABLE)
SOME(some_global, wasmvm_global, GLOBAL)
SOME(some_tag, wasmvm_tag, TAG)
SOME(some_ref, wasmvm_ref, REF)

static wasmvm_store *some_store(void) { return one_in(64) ? NULL : stores[below(STORES)]; }
static wasmvm_engine *some_engine(void) { return one_in(64) ? NULL : engines[below(ENGINES)]; }
static wasmvm_module *some_module(void) { return one_in(64) ? NULL : modules[below(MODULES)]; }
static wasmvm_linker *some_linker(void) { return one_in(64) ? NULL : linkers[below(LINKERS)]; }

/* Looks at an error, ends it, and says whether there was none. */
static bool tried(wasmvm_error *error) {
    if (error == NULL) {
        succeeded++;
        return true;
    }
    uint32_t kind = wasmvm_error_get_kind(error);
    CHECK(kind != WASMVM_NO_ERROR && kind <= WASMVM_RUNTIME);
    if (kind == WASMVM_INTERNAL) fail(__LINE__, "a bug:", wasmvm_error_message(error));
    CHECK(strlen(wasmvm_error_message(error)) >= strlen(wasmvm_error_reason(error)));
    CHECK((kind == WASMVM_TRAP) == (wasmvm_error_trap(error) >= 0));
    wasmvm_frame frame;
    if (wasmvm_error_frame(error, below(3), &frame) && frame.name != NULL) {
        CHECK(strlen(frame.name) < 4096);
    }
    wasmvm_val val;
    if (one_in(2) && wasmvm_error_exception(error, some_store(), &val)) {
        exceptions++;
        keep(REF, val.ref.store, val.ref.index);
    }
    wasmvm_error_delete(error);
    return false;
}
/* A result that has to stay as it is if the call fails. */
#define RESULT(type, name) \
    type name, name##_before; \
    memset(&name, 0xA5, sizeof name); \
    memcpy(&name##_before, &name, sizeof name)
#define TRIED(call, name) \
    (tried(call) || (memcmp(&name, &name##_before, sizeof name) == 0 ? 0 \
        : (fail(__LINE__, #call, "has changed its result"), 0)))

/* ---- Values ---- */

static wasmvm_val value(char type) {
    wasmvm_val val;
    memset(&val, 0, sizeof val);
    switch (type) {
    case 'i': case 'b': case 'h': val.i32 = (int32_t)number(); break;
    case 'l': val.i64 = (int64_t)number(); break;
    case 'f': val.f32 = (float)number(); break;
    case 'd': val.f64 = (double)number(); break;
    case 'v': for (int i = 0; i < 16; i++) val.v128[i] = (uint8_t)any(); break;
    default:
        if (!one_in(4)) val.ref = some_ref();
        else if (one_in(2)) val.func = some_func();
    }
    return val;
}
static void keep_value(char type, const wasmvm_val *val) {
    if (type == 'c') keep(FUNC, val->func.store, val->func.index);
    else if (strchr("ilfdv", type) == NULL) keep(REF, val->ref.store, val->ref.index);
}
/* The letters before and behind the arrow. */
static size_t letters(const char *signature, bool results, char *out) {
    const char *from = strstr(signature, "->");
    size_t n = 0;
    if (from == NULL && results) return 0;
    for (from = results ? from + 2 : signature; *from != 0 && *from != '-'; from++) {
        if (strchr("()", *from) == NULL && n < 16) out[n++] = *from;
    }
    return n;
}

/* ---- Callbacks ---- */

static const char *const signatures[] = {
    "()->", "(ii)->", "(i)->i", "(i)->", "(i)->l", "(r)->r", "(a)->a", "(c)->c", "(x)->x",
    "(ilfdv)->vdfli", "()->r", "(rac)->", "()->iiii",
    /* What is none. */
    "", "(", "(i", "i", "(i)", "(z)->", "->i", "(i)->i)",
};
enum { SIGNATURES = sizeof signatures / sizeof *signatures, GOOD = 13 };
static const char *some_signature(void) {
    return one_in(16) ? signatures[below(SIGNATURES)] : signatures[below(GOOD)];
}

static void step(void);

static wasmvm_error *callback(void *data, wasmvm_caller *caller, const wasmvm_val *args,
                              wasmvm_val *results) {
    (void)args, (void)results;
    CHECK((size_t)((unsigned char *)data - ended) < given && *(unsigned char *)data == 0);
    calls_back++;
    depth++;
    wasmvm_instance instance = wasmvm_caller_instance(caller);
    if (instance.store != 0) keep(INSTANCE, instance.store, instance.index);
    RESULT(wasmvm_memory, memory);
    if (TRIED(wasmvm_caller_memory(caller, &memory), memory)) {
        keep(MEMORY, memory.store, memory.index);
    }
    uint8_t bytes[16] = {0}, *slice;
    if (tried(wasmvm_caller_slice(caller, number(), below(64), &slice))) (void)slice;
    tried(wasmvm_caller_read(caller, number(), bytes, below(17)));
    tried(wasmvm_caller_write(caller, number(), bytes, below(17)));
    for (size_t n = depth < 4 ? below(6) : 0; n > 0; n--) step();
    if (one_in(16)) wasmvm_store_delete(wasmvm_caller_store(caller)); /* does nothing here */
    depth--;
    switch (below(12)) {
    case 0: return wasmvm_error_new("no");
    case 1: return wasmvm_error_new_trap((int)below(40) - 5);
    case 2: return wasmvm_error_new_exit((int32_t)number());
    case 3: return wasmvm_error_new_exception(wasmvm_caller_store(caller), some_ref());
    case 4: return wasmvm_error_new_exception(some_store(), some_ref());
    case 5: case 6: return wasmvm_error_new_suspend(token(), finalize);
    default: return NULL;
    }
}
/* Knows its results: the data is one of these behind a token. */
static const char *result_types[TOKENS / 64];
static wasmvm_error *giving(void *data, wasmvm_caller *caller, const wasmvm_val *args,
                            wasmvm_val *results) {
    size_t n = (size_t)((unsigned char *)data - ended);
    wasmvm_error *error = callback(data, caller, args, results);
    if (error == NULL && n < sizeof result_types / sizeof *result_types && result_types[n]) {
        char types[16];
        size_t count = letters(result_types[n], true, types);
        for (size_t i = 0; i < count; i++) results[i] = value(types[i]);
    }
    return error;
}

/* ---- Steps ---- */

static const char *const names[] = {
    "log", "back", "all", "fail", "keep", "visit", "any", "ask", "oops", "throw", "through",
    "memory", "table", "counter", "constant", "add", "double", "greet", "outside", "deep", "loop",
    "indirect", "bump", "point", "x", "bytes", "i31", "pass", "same", "ref", "f", "boom", "asked",
    "count", "asks", "catches", "asks and catches", "raise", "catches through", "rethrow",
    "_start", "none", "", "\xFF",
};
static const char *some_name(void) { return names[below(sizeof names / sizeof *names)]; }

static void keep_extern(const wasmvm_extern *object) {
    static const int kinds[] = {-1, FUNC, TABLE, MEMORY, GLOBAL, TAG};
    CHECK(object->kind >= 1 && object->kind <= 5);
    keep(kinds[object->kind], object->of.func.store, object->of.func.index);
}
static void new_store(size_t n) {
    wasmvm_store_delete(stores[n]);
    stores[n] = wasmvm_store_new(engines[n % ENGINES], token(), finalize);
    CHECK(stores[n] != NULL);
    CHECK(tried(wasmvm_store_set_limit(stores[n], WASMVM_LIMIT_MEMORY_BYTES, 8 << 20)));
    CHECK(tried(wasmvm_store_set_limit(stores[n], WASMVM_LIMIT_TABLE_ELEMENTS, 10000)));
    CHECK(tried(wasmvm_store_set_limit(stores[n], WASMVM_LIMIT_GC_HEAP_BYTES, 2 << 20)));
    CHECK(tried(wasmvm_store_set_limit(stores[n], WASMVM_LIMIT_INSTANCES, 40)));
    CHECK(tried(wasmvm_store_set_limit(stores[n], WASMVM_LIMIT_STACK_BYTES, 64 << 10)));
    wasmvm_interrupt_delete(interrupts[n]);
    interrupts[n] = NULL;
    tried(wasmvm_store_interrupt(stores[n], &interrupts[n]));
}
static void change_store(void) {
    size_t n = below(STORES);
    uint64_t value;
    switch (below(12)) {
    case 0: if (depth == 0) new_store(n); break;
    case 1: tried(wasmvm_store_set_fuel(some_store(), number() % 100000)); break;
    case 2: tried(wasmvm_store_fuel(some_store(), &value)); break;
    case 3: tried(wasmvm_store_set_limit(some_store(), (int)below(8) - 1, below(100000))); break;
    case 4: tried(wasmvm_store_limit(some_store(), (int)below(8) - 1, &value)); break;
    case 5: case 6: tried(wasmvm_store_gc(some_store())); break;
    case 7: wasmvm_interrupt_raise(interrupts[n]); break;
    case 8: wasmvm_interrupt_clear(interrupts[n]); break;
    default: tried(wasmvm_store_set_fuel(stores[n], 20000));
    }
}
static void change_linker(void) {
    size_t n = below(LINKERS);
    wasmvm_extern object;
    handle handle = some((int)below(KINDS));
    switch (below(10)) {
    case 0:
        wasmvm_linker_delete(linkers[n]);
        linkers[n] = wasmvm_linker_new(engines[n % ENGINES]);
        wasmvm_linker_allow_shadowing(linkers[n], !one_in(4));
        break;
    case 1: case 2: case 3: {
        void *data = token();
        const char *signature = some_signature();
        size_t number = (size_t)((unsigned char *)data - ended);
        if (number < sizeof result_types / sizeof *result_types) result_types[number] = signature;
        tried(wasmvm_linker_func(some_linker(), "env", some_name(), signature,
                                 one_in(64) ? NULL : giving, data, finalize));
        break;
    }
    case 4: case 5: {
        wasmvm_module *module = some_module();
        for (size_t i = 0; i < 5; i++) {
            tried(wasmvm_linker_import(linkers[n], module, i, callback, token(), finalize));
        }
        break;
    }
    case 6:
        object.kind = (uint32_t)below(7);
        object.of.func = (wasmvm_func){handle.store, handle.index};
        tried(wasmvm_linker_define(some_linker(), some_store(), "env", some_name(), &object));
        break;
    case 7:
        tried(wasmvm_linker_instance(some_linker(), some_store(), some_name(), some_instance()));
        break;
    case 8: tried(wasmvm_linker_missing_as_traps(some_linker(), some_module())); break;
    default:
        tried(one_in(2) ? wasmvm_linker_wasi(some_linker()) : wasmvm_linker_sysenv(some_linker()));
    }
}
static void change_module(void) {
    static uint8_t bytes[4096];
    static const uint8_t start[] = {0, 'a', 's', 'm', 1, 0, 0, 0};
    size_t n = below(MODULES), len = sizeof start + below(64);
    memcpy(bytes, start, sizeof start);
    for (size_t i = sizeof start; i < len; i++) bytes[i] = (uint8_t)below(16);
    wasmvm_module *module = NULL;
    if (tried(wasmvm_module_new(some_engine(), bytes, one_in(8) ? below(8) : len, &module))) {
        wasmvm_module_delete(module);
    } else {
        CHECK(module == NULL);
    }
    wasmvm_types *list;
    if (tried(wasmvm_module_exports(modules[n], &list))) {
        wasmvm_type type;
        if (wasmvm_types_get(list, below(40), &type)) CHECK(type.kind >= 1 && type.kind <= 5);
        wasmvm_types_delete(list);
    }
    tried(wasmvm_module_type(some_module(), (uint32_t)number(), &types[below(16)]));
}
static void instantiate(void) {
    wasmvm_linker *linker = some_linker();
    wasmvm_module *module = some_module();
    RESULT(wasmvm_instance, instance);
    if (TRIED(wasmvm_linker_instantiate(linker, some_store(), module, &instance), instance)) {
        keep(INSTANCE, instance.store, instance.index);
    }
}
static void look_into_instance(void) {
    wasmvm_instance instance = some_instance();
    RESULT(wasmvm_extern, object);
    if (one_in(12)) {
        tried(wasmvm_instance_release(some_store(), instance));
    } else if (one_in(4)) {
        RESULT(wasmvm_func, func);
        const char *signature = one_in(2) ? NULL : some_signature();
        if (TRIED(wasmvm_instance_func(some_store(), instance, some_name(), signature, &func),
                  func)) {
            keep(FUNC, func.store, func.index);
        }
    } else {
        for (size_t i = 0; i < 4; i++) {
            if (TRIED(wasmvm_instance_get(some_store(), instance, some_name(), &object), object)) {
                keep_extern(&object);
                memcpy(&object, &object_before, sizeof object);
            }
        }
    }
}

/* A store and a function, most often of that store, and arguments that it may take. */
typedef struct call {
    wasmvm_store *store;
    wasmvm_func func;
    char params[16], results[16];
    size_t params_len, results_len;
    wasmvm_val args[16], room[16];
} call;
static bool plan(call *call) {
    char text[64];
    call->func = some_func();
    for (size_t i = 0; i < STORES; i++) {
        call->store = stores[i];
        if (tried(wasmvm_func_signature(call->store, call->func, text, sizeof text, NULL))) break;
        strcpy(text, "(i)->i");
    }
    if (one_in(16)) call->store = some_store();
    call->params_len = letters(text, false, call->params);
    call->results_len = letters(text, true, call->results);
    for (size_t i = 0; i < 16; i++) {
        call->args[i] = value(call->params[i < call->params_len ? i : 0]);
    }
    if (one_in(16)) call->params_len = below(16);
    if (one_in(16)) call->results_len = below(16);
    memset(call->room, 0, sizeof call->room);
    tried(wasmvm_store_set_fuel(call->store, below(20000)));
    return true;
}
static void call_function(void) {
    call call;
    plan(&call);
    if (tried(wasmvm_func_call(call.store, call.func, call.args, call.params_len, call.room,
                               call.results_len))) {
        for (size_t i = 0; i < call.results_len; i++) keep_value(call.results[i], &call.room[i]);
    }
}
static void delete_execution(size_t n) {
    if (runs[n] == 0) {
        wasmvm_execution_delete(executions[n]);
        executions[n] = NULL;
    }
}
static void start_execution(void) {
    size_t n = below(EXECUTIONS);
    delete_execution(n);
    if (executions[n] != NULL) return;
    wasmvm_execution *execution = NULL;
    bool made;
    if (one_in(6)) {
        made = tried(wasmvm_linker_start(some_linker(), some_store(), some_module(), &execution));
    } else {
        call call;
        plan(&call);
        made = tried(wasmvm_func_start(call.store, call.func, call.args, call.params_len,
                                       &execution));
    }
    if (!made) return;
    /* A callback may have put another one here meanwhile. */
    if (executions[n] == NULL) executions[n] = execution;
    else wasmvm_execution_delete(execution);
}
static void run_execution(void) {
    size_t n = below(EXECUTIONS), room = one_in(8) ? below(8) : below(3);
    wasmvm_execution *execution = one_in(64) ? NULL : executions[n];
    wasmvm_val results[8], given[8];
    wasmvm_progress progress;
    wasmvm_store *store = some_store();
    for (size_t i = 0; i < 8; i++) given[i] = value("ilr"[below(3)]);
    tried(wasmvm_store_set_fuel(store, below(2000)));
    runs[n]++;
    bool ran;
    switch (below(6)) {
    case 0: case 1:
        ran = tried(wasmvm_execution_run_with(execution, store, given, below(3), results, room,
                                              &progress));
        break;
    case 2: {
        wasmvm_error *error = one_in(8) ? NULL : wasmvm_error_new_trap((int)below(20));
        ran = tried(wasmvm_execution_run_failed(execution, store, error, results, room, &progress));
        break;
    }
    default: ran = tried(wasmvm_execution_run(execution, store, results, room, &progress));
    }
    runs[n]--;
    if (!ran) return;
    CHECK(progress.kind <= WASMVM_SUSPENDED);
    progresses[progress.kind]++;
    if (progress.kind == WASMVM_DONE && progress.instance.store != 0) {
        keep(INSTANCE, progress.instance.store, progress.instance.index);
    }
    if (progress.kind == WASMVM_SUSPENDED) CHECK(*(unsigned char *)progress.data == 0);
}

static void use_memory(void) {
    wasmvm_memory memory = some_memory();
    wasmvm_store *store = some_store();
    uint8_t bytes[32] = {0}, *data;
    uint64_t pages;
    size_t len;
    switch (below(6)) {
    case 0: {
        RESULT(wasmvm_memory, made);
        if (TRIED(wasmvm_memory_new(store, number(), number(), one_in(2), &made), made)) {
            keep(MEMORY, made.store, made.index);
        }
        break;
    }
    case 1:
        if (tried(wasmvm_memory_data(store, memory, &data, &len)) && len > 0) data[len - 1]++;
        break;
    case 2: tried(wasmvm_memory_read(store, memory, number(), bytes, below(33))); break;
    case 3: tried(wasmvm_memory_write(store, memory, number(), bytes, below(33))); break;
    case 4: tried(wasmvm_memory_size(store, memory, &pages)); break;
    default: tried(wasmvm_memory_grow(store, memory, number(), one_in(2) ? NULL : &pages));
    }
}
static void use_table(void) {
    wasmvm_table table = some_table();
    wasmvm_store *store = some_store();
    char element = "rcaxiz"[below(6)];
    wasmvm_val val = value(element);
    uint64_t size;
    switch (below(5)) {
    case 0: {
        RESULT(wasmvm_table, made);
        uint64_t min = number(), max = number();
        if (TRIED(wasmvm_table_new(store, element, min, max, one_in(2) ? NULL : &val, &made),
                  made)) {
            keep(TABLE, made.store, made.index);
        }
        break;
    }
    case 1: tried(wasmvm_table_size(store, table, &size)); break;
    case 2: {
        RESULT(wasmvm_val, got);
        if (TRIED(wasmvm_table_get(store, table, number(), &got), got)) keep_value(element, &got);
        break;
    }
    case 3: tried(wasmvm_table_set(store, table, number(), &val)); break;
    default: tried(wasmvm_table_grow(store, table, number(), one_in(2) ? NULL : &val, NULL));
    }
}
static void use_global(void) {
    wasmvm_global global = some_global();
    wasmvm_store *store = some_store();
    char content = "ilfdvrcaxz"[below(10)];
    bool is_mutable;
    wasmvm_val val = value(content);
    RESULT(wasmvm_val, got);
    RESULT(wasmvm_global, made);
    if (one_in(3) && TRIED(wasmvm_global_new(store, content, one_in(2), &val, &made), made)) {
        keep(GLOBAL, made.store, made.index);
    }
    if (!tried(wasmvm_global_type(store, global, &content, &is_mutable))) return;
    val = value(content);
    tried(wasmvm_global_set(store, global, &val));
    if (TRIED(wasmvm_global_get(store, global, &got), got)) keep_value(content, &got);
}
static void use_reference(void) {
    wasmvm_ref ref = some_ref();
    wasmvm_store *store = some_store();
    RESULT(wasmvm_val, made);
    void *data;
    int32_t value;
    bool is_made = false;
    switch (below(8)) {
    case 0: CHECK(wasmvm_ref_get_kind(store, ref) <= WASMVM_REF_EXCEPTION); break;
    case 1: is_made = TRIED(wasmvm_ref_clone(store, ref, &made), made); break;
    case 2: case 3:
        if (tried(wasmvm_ref_release(store, ref)) && wasmvm_ref_get_kind(store, ref) > 1) {
            fail(__LINE__, "a reference that has ended", "is there");
        }
        break;
    case 4: is_made = TRIED(wasmvm_externref_new(store, token(), finalize, &made), made); break;
    case 5:
        if (tried(wasmvm_externref_data(store, ref, &data))) CHECK(*(unsigned char *)data == 0);
        break;
    case 6: is_made = TRIED(wasmvm_i31_new(store, (int32_t)number(), &made), made); break;
    default: tried(wasmvm_i31_get(store, ref, &value));
    }
    if (is_made) keep(REF, made.ref.store, made.ref.index);
}
static void use_object(void) {
    static const char *const fields[] = {"!i d !b", "!h !r !l", "", "!v", "a !c", "i z", "!"};
    wasmvm_ref ref = some_ref();
    wasmvm_store *store = some_store();
    uint32_t type = one_in(8) ? (uint32_t)number() : types[below(16)], len;
    wasmvm_val values[4], val = value("ildra"[below(5)]);
    RESULT(wasmvm_val, made);
    bool is_made = false;
    size_t fields_len;
    for (size_t i = 0; i < 4; i++) values[i] = value("ildr"[below(4)]);
    switch (below(14)) {
    case 0: tried(wasmvm_struct_type(some_engine(), fields[below(7)], &types[below(16)])); break;
    case 1: tried(wasmvm_array_type(some_engine(), fields[below(7)], &types[below(16)])); break;
    case 2:
        tried(wasmvm_array_type(some_engine(), one_in(2) ? "!b" : "!r", &types[below(16)]));
        break;
    case 3: tried(wasmvm_ref_type(store, ref, &types[below(16)])); break;
    case 4: is_made = TRIED(wasmvm_struct_new(store, type, values, below(5), &made), made); break;
    case 5: is_made = TRIED(wasmvm_struct_new_default(store, type, &made), made); break;
    case 6: tried(wasmvm_struct_len(store, ref, &fields_len)); break;
    case 7: is_made = TRIED(wasmvm_struct_get(store, ref, below(5), &made), made); break;
    case 8: tried(wasmvm_struct_set(store, ref, below(5), &val)); break;
    case 9:
        len = (uint32_t)number();
        is_made = TRIED(wasmvm_array_new(store, type, &val, len, &made), made);
        break;
    case 10:
        len = (uint32_t)below(5);
        is_made = TRIED(wasmvm_array_new_from(store, type, values, len, &made), made);
        break;
    case 11:
        len = (uint32_t)below(17);
        is_made = TRIED(wasmvm_array_new_bytes(store, type, values[0].v128, len, &made), made);
        break;
    case 12:
        if (tried(wasmvm_array_len(store, ref, &len)) && len > 0) {
            is_made = TRIED(wasmvm_array_get(store, ref, (uint32_t)below(len), &made), made);
        }
        break;
    default: tried(wasmvm_array_set(store, ref, (uint32_t)number(), &val));
    }
    if (is_made) keep(REF, made.ref.store, made.ref.index);
}
static void use_exception(void) {
    wasmvm_store *store = some_store();
    wasmvm_val values[4];
    char text[16];
    for (size_t i = 0; i < 4; i++) values[i] = value("ilr"[below(3)]);
    RESULT(wasmvm_tag, tag);
    RESULT(wasmvm_val, made);
    switch (below(5)) {
    case 0:
        if (TRIED(wasmvm_tag_new(store, some_signature(), &tag), tag)) {
            keep(TAG, tag.store, tag.index);
        }
        break;
    case 1: tried(wasmvm_tag_signature(store, some_tag(), text, below(16), NULL)); break;
    case 2:
        if (TRIED(wasmvm_exception_new(store, some_tag(), values, below(4), &made), made)) {
            keep(REF, made.ref.store, made.ref.index);
        }
        break;
    case 3:
        if (TRIED(wasmvm_exception_tag(store, some_ref(), &tag), tag)) {
            keep(TAG, tag.store, tag.index);
        }
        break;
    default:
        if (TRIED(wasmvm_exception_get(store, some_ref(), below(4), &made), made)) {
            keep(REF, made.ref.store, made.ref.index);
        }
    }
}
static void new_function(void) {
    RESULT(wasmvm_func, func);
    void *data = token();
    const char *signature = some_signature();
    size_t number = (size_t)((unsigned char *)data - ended);
    if (number < sizeof result_types / sizeof *result_types) result_types[number] = signature;
    if (TRIED(wasmvm_func_new(some_store(), signature, giving, data, finalize, &func), func)) {
        keep(FUNC, func.store, func.index);
    }
}

static void step(void) {
    static void (*const steps[])(void) = {
        change_store, change_linker, change_module, instantiate, instantiate, look_into_instance,
        look_into_instance, look_into_instance, call_function, call_function, call_function,
        start_execution, run_execution, run_execution, run_execution, use_memory, use_table,
        use_global, use_reference, use_reference, use_object, use_object, use_exception,
        new_function,
    };
    done++;
    steps[below(sizeof steps / sizeof *steps)]();
}

static void load(const char *folder, size_t n) {
    static const char *const files[] = {"guest", "gc", "numbers", "plugin", "stop", "wasi"};
    char path[1024];
    snprintf(path, sizeof path, "%s/mods/%s.wasm", folder, files[n / ENGINES % 6]);
    wasmvm_error *error = wasmvm_module_from_file(engines[n % ENGINES], path, &modules[n]);
    if (error != NULL) fail(__LINE__, path, wasmvm_error_message(error));
}

int main(int argc, char **argv) {
    CHECK(argc == 4);
    state = seed = strtoul(argv[2], NULL, 10);
    unsigned long count = strtoul(argv[3], NULL, 10);
    for (size_t n = 0; n < ENGINES; n++) {
        wasmvm_config *config = wasmvm_config_new();
        wasmvm_config_fuel(config, true);
        wasmvm_config_interrupts(config, n == 0);
        if (n == 1) wasmvm_config_eager(config, true);
        if (n == 2) wasmvm_config_lazy(config, true);
        CHECK(tried(wasmvm_engine_new(config, &engines[n])));
        wasmvm_config_delete(config);
    }
    for (size_t n = 0; n < STORES; n++) new_store(n);
    for (size_t n = 0; n < MODULES; n++) load(argv[1], n);
    for (size_t n = 0; n < LINKERS; n++) linkers[n] = wasmvm_linker_new(engines[n % ENGINES]);
    while (done < count) step();
    for (size_t n = 0; n < STORES; n++) wasmvm_interrupt_delete(interrupts[n]);
    for (size_t n = 0; n < STORES; n++) wasmvm_store_delete(stores[n]);
    for (size_t n = 0; n < EXECUTIONS; n++) wasmvm_execution_delete(executions[n]);
    for (size_t n = 0; n < MODULES; n++) wasmvm_module_delete(modules[n]);
    for (size_t n = 0; n < LINKERS; n++) wasmvm_linker_delete(linkers[n]);
    for (size_t n = 0; n < ENGINES; n++) wasmvm_engine_delete(engines[n]);
    for (size_t n = 0; n < given; n++) CHECK(ended[n] == 1);
    CHECK(calls_back > 0 && succeeded > done / 4);
    CHECK(progresses[WASMVM_DONE] > 0);
    printf("C tests passed: %lu steps, %lu calls without an error, %lu callbacks, %zu finalizers; "
           "executions ended %lu times, were out of fuel %lu, paused %lu, suspended %lu; %lu "
           "exceptions\n", done, succeeded, calls_back, given, progresses[WASMVM_DONE],
           progresses[WASMVM_OUT_OF_FUEL], progresses[WASMVM_PAUSED], progresses[WASMVM_SUSPENDED],
           exceptions);
    return 0;
}
