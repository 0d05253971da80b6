/* The C interface, used as a host uses it. tests/capi.rs compiles and runs this, also under
 * AddressSanitizer and valgrind. The argument is a folder with modules and files. */
#define _POSIX_C_SOURCE 200809L

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "wasmvm.h"

static int checks;

static void fail(int line, const char *what, const char *more) {
    fprintf(stderr, "test.c:%d: %s %s\n", line, what, more);
    exit(1);
}
#define CHECK(x) do { checks++; if (!(x)) fail(__LINE__, #x, ""); } while (0)
/* The call gives no error. */
#define OK(call) do { \
        wasmvm_error *e_ = (call); \
        checks++; \
        if (e_ != NULL) fail(__LINE__, #call, wasmvm_error_message(e_)); \
    } while (0)
/* The call gives an error of this kind, whose message has this in it. */
#define ERR(call, kind, text) expect(__LINE__, call, kind, text)

static void expect(int line, wasmvm_error *error, uint32_t kind, const char *text) {
    checks++;
    if (error == NULL) fail(line, "no error, where there should be", text);
    if (wasmvm_error_get_kind(error) != kind || strstr(wasmvm_error_message(error), text) == NULL)
        fail(line, "another error:", wasmvm_error_message(error));
    wasmvm_error_delete(error);
}
#define USAGE(call, text) ERR(call, WASMVM_USAGE, text)

static const char *folder;

static const char *path(const char *name) {
    static char buffers[4][1024];
    static int next;
    char *buffer = buffers[next++ % 4];
    snprintf(buffer, sizeof buffers[0], "%s/%s", folder, name);
    return buffer;
}

static int finalized;
static void finalize(void *data) {
    finalized += data == NULL ? 1 : *(int *)data;
}

/* ---- Functions of the host ---- */

static char logged[256];

static wasmvm_error *host_log(void *data, wasmvm_caller *caller, const wasmvm_val *args,
                              wasmvm_val *results) {
    uint8_t *bytes;
    uint32_t len = (uint32_t)args[1].i32;
    wasmvm_error *error = wasmvm_caller_slice(caller, (uint32_t)args[0].i32, len, &bytes);
    (void)results;
    CHECK(data == logged);
    if (error != NULL) return error;
    CHECK(len < sizeof logged);
    memcpy(logged, bytes, len);
    logged[len] = 0;
    return NULL;
}

/* Calls the guest back, by the host's own pointer to the store. */
static wasmvm_error *host_back(void *data, wasmvm_caller *caller, const wasmvm_val *args,
                               wasmvm_val *results) {
    wasmvm_store *store = wasmvm_caller_store(caller);
    wasmvm_instance instance = wasmvm_caller_instance(caller);
    wasmvm_func func;
    wasmvm_memory memory;
    wasmvm_error *error;
    uint8_t byte = 0;
    uint64_t limit;
    (void)data;
    CHECK(*(int *)wasmvm_caller_data(caller) == 100);
    CHECK(wasmvm_store_data(store) == wasmvm_caller_data(caller));
    OK(wasmvm_caller_memory(caller, &memory));
    OK(wasmvm_memory_write(store, memory, 100, (const uint8_t *)"x", 1));
    OK(wasmvm_caller_read(caller, 100, &byte, 1));
    CHECK(byte == 'x');
    OK(wasmvm_caller_write(caller, 101, &byte, 1));
    ERR(wasmvm_caller_write(caller, 1 << 20, &byte, 1), WASMVM_TRAP, "out of bounds");
    ERR(wasmvm_caller_read(caller, UINT64_MAX, &byte, 1), WASMVM_TRAP, "out of bounds");
    wasmvm_error_delete(wasmvm_memory_grow(store, memory, 1, NULL)); /* as long as it can */
    USAGE(wasmvm_store_limit(store, WASMVM_LIMIT_INSTANCES, &limit), "callback");
    wasmvm_store_delete(store); /* does nothing here */
    if (args[0].i32 == 0) {
        results[0] = wasmvm_i32(1000);
        return NULL;
    }
    /* Down again, through the guest to us. */
    OK(wasmvm_instance_func(store, instance, "back", "(i)->i", &func));
    {
        wasmvm_val arg = wasmvm_i32(args[0].i32 - 1), result;
        error = wasmvm_func_call(store, func, &arg, 1, &result, 1);
        if (error == NULL) results[0] = wasmvm_i32(result.i32 + 1);
    }
    return error;
}

static wasmvm_error *host_all(void *data, wasmvm_caller *caller, const wasmvm_val *args,
                              wasmvm_val *results) {
    (void)data, (void)caller;
    results[0] = args[4];
    results[1].f64 = args[3].f64;
    results[2].f32 = args[2].f32;
    results[3].i64 = args[1].i64;
    results[4].i32 = args[0].i32;
    return NULL;
}

static wasmvm_error *host_fail(void *data, wasmvm_caller *caller, const wasmvm_val *args,
                               wasmvm_val *results) {
    (void)data, (void)caller, (void)results;
    switch (args[0].i32) {
    case 0: return wasmvm_error_new("no such luck");
    case 1: return wasmvm_error_new_exit(42);
    case 2: return wasmvm_error_new_trap(WASMVM_TRAP_CAST_FAILURE);
    case 3: return wasmvm_error_new_trap(12345);
    case 4: return wasmvm_error_new(NULL);
    default: return NULL;
    }
}

static wasmvm_linker *linker_for(const wasmvm_engine *engine) {
    wasmvm_linker *linker = wasmvm_linker_new(engine);
    OK(wasmvm_linker_func(linker, "env", "log", "(ii)->", host_log, logged, NULL));
    OK(wasmvm_linker_func(linker, "env", "back", "(i)->i", host_back, NULL, finalize));
    OK(wasmvm_linker_func(linker, "env", "all", "(ilfdv)->(vdfli)", host_all, NULL, finalize));
    OK(wasmvm_linker_func_n(linker, "env", 3, "fail?", 4, "(i)->", host_fail, NULL, finalize));
    return linker;
}

static wasmvm_error *call(wasmvm_store *store, wasmvm_instance instance, const char *name,
                          const wasmvm_val *args, size_t n, wasmvm_val *result, size_t results) {
    wasmvm_func func;
    wasmvm_error *error = wasmvm_instance_func(store, instance, name, NULL, &func);
    return error != NULL ? error : wasmvm_func_call(store, func, args, n, result, results);
}

static wasmvm_error *call_i(wasmvm_store *store, wasmvm_instance instance, const char *name,
                            int32_t arg) {
    wasmvm_val val = wasmvm_i32(arg);
    return call(store, instance, name, &val, 1, NULL, 0);
}

/* ---- The tests ---- */

static void nothing_is_refused(void) {
    wasmvm_func func = {0, 0};
    wasmvm_val val = {0};
    uint64_t number;
    int32_t code;
    char letter;
    wasmvm_extern object;
    wasmvm_frame frame;
    wasmvm_type type;
    wasmvm_instance none = {0, 0};
    wasmvm_memory memory = {0, 0};
    wasmvm_global global = {0, 0};
    wasmvm_table table = {0, 0};
    wasmvm_ref ref = {0, 0};
    wasmvm_tag tag = {0, 0};
    wasmvm_execution *execution;
    wasmvm_progress progress;
    uint32_t type_id;
    wasmvm_module *module = NULL;
    wasmvm_engine *engine = NULL;
    const uint8_t *bytes;
    size_t len;

    wasmvm_error_delete(NULL), wasmvm_config_delete(NULL), wasmvm_engine_delete(NULL);
    wasmvm_module_delete(NULL), wasmvm_types_delete(NULL), wasmvm_store_delete(NULL);
    wasmvm_linker_delete(NULL), wasmvm_interrupt_delete(NULL), wasmvm_wasi_delete(NULL);
    wasmvm_sysenv_delete(NULL), wasmvm_capabilities_delete(NULL), wasmvm_runtime_delete(NULL);
    CHECK(wasmvm_error_get_kind(NULL) == WASMVM_NO_ERROR);
    CHECK(*wasmvm_error_message(NULL) == 0 && *wasmvm_error_reason(NULL) == 0);
    CHECK(*wasmvm_error_backtrace(NULL) == 0 && wasmvm_error_frame_count(NULL) == 0);
    CHECK(!wasmvm_error_frame(NULL, 0, &frame) && wasmvm_error_trap(NULL) == -1);
    CHECK(!wasmvm_error_exit_code(NULL, &code) && wasmvm_error_code(NULL) == 0);
    wasmvm_config_fuel(NULL, true), wasmvm_config_interrupts(NULL, true);
    wasmvm_config_eager(NULL, true), wasmvm_config_guard_pages(NULL, true);
    wasmvm_config_lazy(NULL, true), wasmvm_config_threads(NULL, 1);
    wasmvm_config_deterministic(NULL, true), wasmvm_config_max_stack_bytes(NULL, 1);
    USAGE(wasmvm_config_feature(NULL, "simd", true), "`config` is NULL");
    USAGE(wasmvm_engine_new(NULL, NULL), "`out` is NULL");
    USAGE(wasmvm_module_new(NULL, (const uint8_t *)"x", 1, &module), "`engine` is NULL");
    OK(wasmvm_engine_new(NULL, &engine));
    USAGE(wasmvm_module_new(engine, NULL, 1, &module), "`bytes` is NULL");
    USAGE(wasmvm_module_new(engine, (const uint8_t *)"x", SIZE_MAX, &module), "length");
    USAGE(wasmvm_module_new(engine, NULL, 0, NULL), "`out` is NULL");
    ERR(wasmvm_module_new(engine, NULL, 0, &module), WASMVM_MALFORMED, "");
    USAGE(wasmvm_module_from_file(engine, NULL, &module), "`path` is NULL");
    USAGE(wasmvm_module_validate(NULL, NULL, 0), "`engine` is NULL");
    CHECK(module == NULL);
    CHECK(!wasmvm_module_custom_section(NULL, "x", 0, &bytes, &len));
    USAGE(wasmvm_module_imports(NULL, NULL), "NULL");
    USAGE(wasmvm_module_exports(NULL, NULL), "NULL");
    CHECK(wasmvm_types_count(NULL) == 0 && !wasmvm_types_get(NULL, 0, &type));
    CHECK(wasmvm_store_new(NULL, NULL, NULL) == NULL && wasmvm_store_data(NULL) == NULL);
    USAGE(wasmvm_store_set_fuel(NULL, 1), "`store` is NULL");
    USAGE(wasmvm_store_fuel(NULL, &number), "`store` is NULL");
    USAGE(wasmvm_store_set_limit(NULL, 0, 0), "`store` is NULL");
    USAGE(wasmvm_store_limit(NULL, 0, &number), "`store` is NULL");
    USAGE(wasmvm_store_gc(NULL), "`store` is NULL");
    USAGE(wasmvm_store_wasi(NULL, wasmvm_wasi_new()), "`store` is NULL");
    USAGE(wasmvm_store_sysenv(NULL, wasmvm_sysenv_new()), "`store` is NULL");
    USAGE(wasmvm_store_interrupt(NULL, NULL), "NULL");
    wasmvm_interrupt_raise(NULL), wasmvm_interrupt_clear(NULL);
    CHECK(wasmvm_caller_store(NULL) == NULL && wasmvm_caller_data(NULL) == NULL);
    CHECK(wasmvm_caller_instance(NULL).store == 0);
    USAGE(wasmvm_caller_memory(NULL, &memory), "`caller` is NULL");
    USAGE(wasmvm_caller_slice(NULL, 0, 0, NULL), "NULL");
    USAGE(wasmvm_caller_read(NULL, 0, NULL, 0), "`caller` is NULL");
    USAGE(wasmvm_caller_write(NULL, 0, NULL, 0), "`caller` is NULL");
    CHECK(wasmvm_linker_new(NULL) == NULL);
    wasmvm_linker_allow_shadowing(NULL, true);
    finalized = 0;
    USAGE(wasmvm_linker_func(NULL, "a", "b", "()->", host_fail, NULL, finalize), "linker");
    USAGE(wasmvm_linker_func(NULL, NULL, "b", "()->", host_fail, NULL, finalize), "module");
    USAGE(wasmvm_linker_func(NULL, "a", "b", "()->", NULL, NULL, finalize), "callback");
    USAGE(wasmvm_linker_func(NULL, "a", "b", "xyz", host_fail, NULL, finalize), "(ii)->i");
    USAGE(wasmvm_linker_func(NULL, "a", "b", "(y)->", host_fail, NULL, finalize), "letter");
    USAGE(wasmvm_linker_func(NULL, "a", "\xff", "()->", host_fail, NULL, finalize), "UTF-8");
    USAGE(wasmvm_linker_import(NULL, NULL, 0, host_fail, NULL, finalize), "NULL");
    USAGE(wasmvm_func_new(NULL, "()->", host_fail, NULL, finalize, &func), "`store` is NULL");
    USAGE(wasmvm_externref_new(NULL, NULL, finalize, &val), "`store` is NULL");
    CHECK(finalized == 9);
    USAGE(wasmvm_linker_define(NULL, NULL, "a", "b", NULL), "NULL");
    USAGE(wasmvm_linker_instance(NULL, NULL, "a", none), "NULL");
    USAGE(wasmvm_linker_wasi(NULL), "`linker` is NULL");
    USAGE(wasmvm_linker_sysenv(NULL), "`linker` is NULL");
    USAGE(wasmvm_linker_missing_as_traps(NULL, NULL), "NULL");
    USAGE(wasmvm_linker_instantiate(NULL, NULL, NULL, NULL), "NULL");
    USAGE(wasmvm_instance_get(NULL, none, "x", &object), "`store` is NULL");
    USAGE(wasmvm_instance_get_n(NULL, none, "x", 1, &object), "`store` is NULL");
    USAGE(wasmvm_instance_func(NULL, none, "x", NULL, &func), "`store` is NULL");
    USAGE(wasmvm_instance_memory(NULL, none, "x", &memory), "`store` is NULL");
    USAGE(wasmvm_func_call(NULL, func, NULL, 0, NULL, 0), "`store` is NULL");
    USAGE(wasmvm_func_signature(NULL, func, NULL, 0, NULL), "`store` is NULL");
    USAGE(wasmvm_memory_new(NULL, 0, 0, false, &memory), "`store` is NULL");
    USAGE(wasmvm_memory_data(NULL, memory, NULL, NULL), "NULL");
    USAGE(wasmvm_memory_size(NULL, memory, &number), "`store` is NULL");
    USAGE(wasmvm_memory_grow(NULL, memory, 0, NULL), "`store` is NULL");
    USAGE(wasmvm_table_new(NULL, 'c', 0, 0, NULL, &table), "`store` is NULL");
    USAGE(wasmvm_table_new(NULL, 'i', 0, 0, NULL, &table), "references");
    USAGE(wasmvm_table_get(NULL, table, 0, &val), "`store` is NULL");
    USAGE(wasmvm_table_set(NULL, table, 0, NULL), "NULL");
    USAGE(wasmvm_table_grow(NULL, table, 0, NULL, NULL), "`store` is NULL");
    USAGE(wasmvm_table_size(NULL, table, &number), "`store` is NULL");
    USAGE(wasmvm_global_new(NULL, 'i', true, NULL, &global), "NULL");
    USAGE(wasmvm_global_type(NULL, global, &letter, NULL), "`store` is NULL");
    USAGE(wasmvm_global_get(NULL, global, &val), "`store` is NULL");
    USAGE(wasmvm_global_set(NULL, global, NULL), "NULL");
    CHECK(wasmvm_ref_get_kind(NULL, ref) == WASMVM_REF_NULL);
    USAGE(wasmvm_ref_clone(NULL, ref, &val), "`store` is NULL");
    USAGE(wasmvm_ref_release(NULL, ref), "`store` is NULL");
    USAGE(wasmvm_externref_data(NULL, ref, NULL), "NULL");
    USAGE(wasmvm_i31_new(NULL, 0, &val), "`store` is NULL");
    USAGE(wasmvm_i31_get(NULL, ref, &code), "`store` is NULL");
    USAGE(wasmvm_struct_get(NULL, ref, 0, &val), "`store` is NULL");
    USAGE(wasmvm_struct_set(NULL, ref, 0, &val), "`store` is NULL");
    USAGE(wasmvm_array_len(NULL, ref, NULL), "NULL");
    USAGE(wasmvm_array_get(NULL, ref, 0, &val), "`store` is NULL");
    USAGE(wasmvm_array_set(NULL, ref, 0, &val), "`store` is NULL");
    USAGE(wasmvm_struct_type(NULL, "i", &type_id), "`engine` is NULL");
    USAGE(wasmvm_array_type(NULL, "i", &type_id), "`engine` is NULL");
    USAGE(wasmvm_module_type(NULL, 0, &type_id), "`module` is NULL");
    USAGE(wasmvm_ref_type(NULL, ref, &type_id), "`store` is NULL");
    USAGE(wasmvm_struct_new(NULL, 0, NULL, 0, &val), "`store` is NULL");
    USAGE(wasmvm_struct_new_default(NULL, 0, &val), "`store` is NULL");
    USAGE(wasmvm_struct_len(NULL, ref, &len), "`store` is NULL");
    USAGE(wasmvm_array_new(NULL, 0, &val, 0, &val), "`store` is NULL");
    USAGE(wasmvm_array_new_from(NULL, 0, NULL, 0, &val), "`store` is NULL");
    USAGE(wasmvm_array_new_bytes(NULL, 0, NULL, 0, NULL), "`out` is NULL");
    USAGE(wasmvm_tag_new(NULL, "()->", &tag), "`store` is NULL");
    USAGE(wasmvm_tag_signature(NULL, tag, NULL, 0, NULL), "`store` is NULL");
    USAGE(wasmvm_exception_new(NULL, tag, NULL, 0, &val), "`store` is NULL");
    USAGE(wasmvm_exception_tag(NULL, ref, &tag), "`store` is NULL");
    USAGE(wasmvm_exception_get(NULL, ref, 0, &val), "`store` is NULL");
    USAGE(wasmvm_error_new_exception(NULL, ref), "`store` is NULL");
    CHECK(!wasmvm_error_exception(NULL, NULL, NULL));
    USAGE(wasmvm_instance_release(NULL, none), "`store` is NULL");
    USAGE(wasmvm_func_start(NULL, func, NULL, 0, &execution), "`store` is NULL");
    USAGE(wasmvm_linker_start(NULL, NULL, NULL, &execution), "`linker` is NULL");
    USAGE(wasmvm_execution_run(NULL, NULL, NULL, 0, &progress), "`execution` is NULL");
    USAGE(wasmvm_execution_run_with(NULL, NULL, NULL, 0, NULL, 0, NULL), "`progress` is NULL");
    USAGE(wasmvm_execution_run_failed(NULL, NULL, wasmvm_error_new(""), NULL, 0, &progress),
          "`execution` is NULL");
    wasmvm_execution_delete(NULL);
    USAGE(wasmvm_wasi_arg(NULL, "x"), "`config` is NULL");
    USAGE(wasmvm_wasi_env(NULL, "x", "y"), "`config` is NULL");
    USAGE(wasmvm_wasi_preopen(NULL, "x", "y", true), "`config` is NULL");
    USAGE(wasmvm_wasi_inherit_stdio(NULL), "`config` is NULL");
    USAGE(wasmvm_sysenv_ambient(NULL), "`config` is NULL");
    USAGE(wasmvm_sysenv_cwd(NULL, NULL), "NULL");
    finalized = 0;
    USAGE(wasmvm_wasi_stdout(NULL, NULL, NULL, finalize), "NULL");
    CHECK(finalized == 1);
    USAGE(wasmvm_capabilities_from_manifest(NULL, NULL), "NULL");
    USAGE(wasmvm_capabilities_load(NULL, "x"), "`capabilities` is NULL");
    USAGE(wasmvm_capabilities_preopen(NULL, "x"), "`capabilities` is NULL");
    USAGE(wasmvm_runtime_new(NULL, NULL, NULL), "`out` is NULL");
    USAGE(wasmvm_runtime_compile(NULL, NULL, 0, &number), "`runtime` is NULL");
    USAGE(wasmvm_runtime_compile_file(NULL, "x", &number), "`runtime` is NULL");
    USAGE(wasmvm_runtime_instantiate(NULL, 1, wasmvm_wasi_new(), &number), "NULL");
    USAGE(wasmvm_runtime_call(NULL, 1, "x", NULL, 0, NULL, 0, NULL), "`runtime` is NULL");
    USAGE(wasmvm_runtime_memory_size(NULL, 1, &number), "`runtime` is NULL");
    USAGE(wasmvm_runtime_interrupt(NULL, 1, NULL), "NULL");
    wasmvm_runtime_set_initial_fuel(NULL, 1);
    wasmvm_engine_delete(engine);
}

static void modules_are_described(const wasmvm_engine *engine) {
    wasmvm_module *module, *bad = NULL;
    wasmvm_types *types;
    wasmvm_type type;
    const uint8_t *bytes;
    size_t len, i, with_nul = 0;
    static const uint8_t invalid[] = {0, 'a', 's', 'm', 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0,
                                      3, 2, 1, 0, 10, 5, 1, 3, 0, 0x6a, 0x0b};
    OK(wasmvm_module_from_file(engine, path("mods/guest.wasm"), &module));
    ERR(wasmvm_module_from_file(engine, path("none.wasm"), &bad), WASMVM_HOST, "none.wasm");
    ERR(wasmvm_module_new(engine, (const uint8_t *)"text", 4, &bad), WASMVM_MALFORMED, "magic");
    ERR(wasmvm_module_new(engine, invalid, sizeof invalid, &bad), WASMVM_INVALID, "mismatch");
    ERR(wasmvm_module_validate(engine, invalid, sizeof invalid), WASMVM_INVALID, "mismatch");
    CHECK(bad == NULL);
    OK(wasmvm_module_imports(module, &types));
    CHECK(wasmvm_types_count(types) == 4 && wasmvm_types_get(types, 2, &type));
    CHECK(strcmp(type.module, "env") == 0 && type.module_len == 3);
    CHECK(strcmp(type.name, "all") == 0 && type.kind == WASMVM_FUNC);
    CHECK(strcmp(type.signature, "(ilfdv)->vdfli") == 0);
    CHECK(!wasmvm_types_get(types, 4, &type));
    wasmvm_types_delete(types);
    OK(wasmvm_module_exports(module, &types));
    CHECK(wasmvm_types_get(types, 0, &type) && type.module == NULL);
    CHECK(type.kind == WASMVM_MEMORY && strcmp(type.type, "memory 1 3") == 0);
    CHECK(type.signature == NULL);
    for (i = 0; wasmvm_types_get(types, i, &type); i++)
        with_nul += type.name_len == 8 && memcmp(type.name, "nul\0name", 9) == 0;
    CHECK(with_nul == 1);
    wasmvm_types_delete(types);
    CHECK(wasmvm_module_custom_section(module, "note", 1, &bytes, &len));
    CHECK(len == 6 && memcmp(bytes, "second", 6) == 0);
    CHECK(!wasmvm_module_custom_section(module, "note", 2, &bytes, &len));
    wasmvm_module_delete(module);
}

static void functions_are_called(const wasmvm_engine *engine) {
    int hundred = 100;
    char text[32];
    size_t len;
    wasmvm_module *module;
    wasmvm_store *store = wasmvm_store_new(engine, &hundred, finalize), *other;
    wasmvm_linker *linker = linker_for(engine), *empty = wasmvm_linker_new(engine);
    wasmvm_instance instance;
    wasmvm_func func, host;
    wasmvm_extern object;
    wasmvm_val args[5], results[5], one;
    wasmvm_error *error;
    wasmvm_frame frame;
    int32_t code = 0;

    OK(wasmvm_module_from_file(engine, path("mods/guest.wasm"), &module));
    /* All that is missing, not only the first. */
    error = wasmvm_linker_instantiate(empty, store, module, &instance);
    CHECK(strstr(wasmvm_error_message(error), "back") && strstr(wasmvm_error_message(error), "all"));
    ERR(error, WASMVM_LINK, "unknown import");
    OK(wasmvm_linker_missing_as_traps(empty, module));
    OK(wasmvm_linker_instantiate(empty, store, module, &instance));
    ERR(call(store, instance, "greet", NULL, 0, NULL, 0), WASMVM_TRAP, "missing import");
    wasmvm_linker_delete(empty);
    USAGE(wasmvm_linker_func(linker, "env", "log", "()->", host_fail, NULL, NULL), "already");
    OK(wasmvm_linker_instantiate(linker, store, module, &instance));
    /* Functions stay as long as somebody uses them. */
    finalized = 0;
    wasmvm_linker_delete(linker);
    CHECK(finalized == 0);

    USAGE(wasmvm_instance_func(store, instance, "add", "(ii)->l", &func), "[i32 i32] -> [i32]");
    USAGE(wasmvm_instance_func(store, instance, "memory", NULL, &func), "no function");
    USAGE(wasmvm_instance_func(store, instance, "none", NULL, &func), "nothing is exported");
    OK(wasmvm_instance_func(store, instance, "add", "(ii)->i", &func));
    CHECK(!wasmvm_func_is_null(func));
    args[0] = wasmvm_i32(-2), args[1] = wasmvm_i32(3);
    OK(wasmvm_func_call(store, func, args, 2, results, 1));
    CHECK(results[0].i32 == 1);
    USAGE(wasmvm_func_call(store, func, args, 1, results, 1), "1 arguments");
    USAGE(wasmvm_func_call(store, func, args, 2, results, 2), "room for 2");
    USAGE(wasmvm_func_call(store, func, NULL, 2, results, 1), "`args` is NULL");
    OK(wasmvm_func_signature(store, func, text, sizeof text, &len));
    CHECK(strcmp(text, "(ii)->i") == 0 && len == 7);
    OK(wasmvm_func_signature(store, func, text, 4, &len));
    CHECK(strcmp(text, "(ii") == 0 && len == 7);

    args[0] = wasmvm_i32(-1), args[1] = wasmvm_i64(INT64_MIN);
    args[2] = wasmvm_f32(0.5f), args[3] = wasmvm_f64(-0.25);
    memcpy(args[4].v128, "0123456789abcdef", 16);
    OK(call(store, instance, "all", args, 5, results, 5));
    CHECK(memcmp(results[0].v128, "0123456789abcdef", 16) == 0);
    CHECK(results[1].f64 == -0.25 && results[2].f32 == 0.5f);
    CHECK(results[3].i64 == INT64_MIN && results[4].i32 == -1);

    OK(call(store, instance, "greet", NULL, 0, NULL, 0));
    CHECK(strcmp(logged, "hello") == 0);
    ERR(call(store, instance, "outside", NULL, 0, NULL, 0), WASMVM_TRAP, "out of bounds");
    one = wasmvm_i32(5);
    OK(call(store, instance, "back", &one, 1, results, 1));
    CHECK(results[0].i32 == 1005);
    one = wasmvm_i32(10000);
    ERR(call(store, instance, "back", &one, 1, results, 1), WASMVM_TRAP, "exhausted");
    one = wasmvm_i32(1);

    ERR(call_i(store, instance, "fail", 0), WASMVM_HOST, "no such luck");
    ERR(call_i(store, instance, "fail", 3), WASMVM_USAGE, "no such trap");
    ERR(call_i(store, instance, "fail", 4), WASMVM_USAGE, "`message` is NULL");
    OK(call_i(store, instance, "fail", 5));
    error = call_i(store, instance, "fail", 1);
    CHECK(wasmvm_error_exit_code(error, &code) && code == 42);
    CHECK(wasmvm_error_exit_code(error, NULL) && wasmvm_error_trap(error) == -1);
    ERR(error, WASMVM_EXIT, "42");
    error = call_i(store, instance, "fail", 2);
    CHECK(wasmvm_error_trap(error) == WASMVM_TRAP_CAST_FAILURE);
    CHECK(!wasmvm_error_exit_code(error, &code) && wasmvm_error_code(error) == 0);
    ERR(error, WASMVM_TRAP, "cast failure");

    error = call_i(store, instance, "deep", 2);
    CHECK(wasmvm_error_trap(error) == WASMVM_TRAP_UNREACHABLE);
    CHECK(strcmp(wasmvm_error_reason(error), "unreachable") == 0);
    CHECK(wasmvm_error_frame_count(error) == 3 && wasmvm_error_frame(error, 2, &frame));
    CHECK(strcmp(frame.name, "deep") == 0 && strcmp(frame.module, "guest") == 0);
    CHECK(frame.offset > 0 && !wasmvm_error_frame(error, 3, &frame));
    CHECK(strstr(wasmvm_error_backtrace(error), "2: deep (guest) at byte 0x") != NULL);
    ERR(error, WASMVM_TRAP, "0: deep (guest)");

    /* Functions as values. */
    finalized = 0;
    OK(wasmvm_func_new(store, "(i)->", host_fail, NULL, finalize, &host));
    ERR(wasmvm_func_call(store, host, &one, 1, NULL, 0), WASMVM_EXIT, "42");
    OK(wasmvm_instance_get_n(store, instance, "nul\0name", 8, &object));
    CHECK(object.kind == WASMVM_FUNC);
    OK(wasmvm_func_call(store, object.of.func, NULL, 0, results, 1));
    CHECK(results[0].i32 == 9);

    /* What is not of this store. */
    other = wasmvm_store_new(engine, NULL, NULL);
    USAGE(wasmvm_func_call(other, func, args, 2, results, 1), "another store");
    USAGE(call(other, instance, "add", args, 2, results, 1), "another store");
    memset(&func, 0, sizeof func);
    CHECK(wasmvm_func_is_null(func));
    USAGE(wasmvm_func_call(store, func, NULL, 0, NULL, 0), "zero");
    func = host, func.index = 123456789;
    USAGE(wasmvm_func_call(store, func, NULL, 0, NULL, 0), "no such function");
    func.index = UINT64_MAX;
    USAGE(wasmvm_func_call(store, func, NULL, 0, NULL, 0), "no such function");
    wasmvm_store_delete(other);

    wasmvm_module_delete(module);
    CHECK(finalized == 0);
    wasmvm_store_delete(store);
    /* The store's data, three functions of the linker, one of the store. */
    CHECK(finalized == 100 + 3 + 1);
}

static void objects_are_used(const wasmvm_engine *engine) {
    int hundred = 100;
    wasmvm_module *module;
    wasmvm_store *store = wasmvm_store_new(engine, &hundred, NULL);
    wasmvm_linker *linker = linker_for(engine);
    wasmvm_instance instance;
    wasmvm_memory memory, own_memory;
    wasmvm_table table, own_table;
    wasmvm_global counter, constant, own;
    wasmvm_tag tag;
    wasmvm_extern object;
    wasmvm_val val, zero = {0}, args[2], result;
    uint8_t *bytes, buffer[8];
    size_t len;
    uint64_t size;
    char letter;
    bool is_mutable;

    OK(wasmvm_module_from_file(engine, path("mods/guest.wasm"), &module));
    OK(wasmvm_linker_instantiate(linker, store, module, &instance));
    OK(wasmvm_instance_memory(store, instance, "memory", &memory));
    USAGE(wasmvm_instance_memory(store, instance, "add", &memory), "no memory");
    USAGE(wasmvm_instance_tag(store, instance, "add", &tag), "no tag");
    OK(wasmvm_memory_data(store, memory, &bytes, &len));
    CHECK(len == 65536 && memcmp(bytes + 8, "hello", 5) == 0);
    OK(wasmvm_memory_write(store, memory, 65530, (const uint8_t *)"abcdef", 6));
    OK(wasmvm_memory_read(store, memory, 65532, buffer, 4));
    CHECK(memcmp(buffer, "cdef", 4) == 0);
    ERR(wasmvm_memory_read(store, memory, 65533, buffer, 4), WASMVM_TRAP, "out of bounds");
    ERR(wasmvm_memory_write(store, memory, UINT64_MAX, buffer, 4), WASMVM_TRAP, "out of bounds");
    OK(wasmvm_memory_read(store, memory, 65536, NULL, 0));
    OK(wasmvm_memory_grow(store, memory, 2, &size));
    CHECK(size == 1);
    ERR(wasmvm_memory_grow(store, memory, 1, &size), WASMVM_LIMIT, "pages");
    OK(wasmvm_memory_size(store, memory, &size));
    CHECK(size == 3);
    OK(wasmvm_memory_new(store, 0, WASMVM_NO_MAX, true, &own_memory));
    USAGE(wasmvm_memory_new(store, 2, 1, false, &own_memory), "valid");

    OK(wasmvm_instance_global(store, instance, "counter", &counter));
    OK(wasmvm_global_type(store, counter, &letter, &is_mutable));
    CHECK(letter == 'i' && is_mutable);
    OK(call(store, instance, "bump", NULL, 0, &result, 1));
    OK(wasmvm_global_get(store, counter, &val));
    CHECK(val.i32 == 42);
    val.i32 = 7;
    OK(wasmvm_global_set(store, counter, &val));
    OK(call(store, instance, "bump", NULL, 0, &result, 1));
    CHECK(result.i32 == 8);
    OK(wasmvm_instance_global(store, instance, "constant", &constant));
    USAGE(wasmvm_global_set(store, constant, &val), "not mutable");
    val = wasmvm_i64(INT64_MAX);
    OK(wasmvm_global_new(store, 'l', true, &val, &own));
    OK(wasmvm_global_get(store, own, &val));
    CHECK(val.i64 == INT64_MAX);

    OK(wasmvm_instance_table(store, instance, "table", &table));
    OK(wasmvm_table_size(store, table, &size));
    CHECK(size == 2);
    OK(wasmvm_table_get(store, table, 0, &val));
    CHECK(!wasmvm_func_is_null(val.func));
    args[0] = wasmvm_i32(21);
    OK(wasmvm_func_call(store, val.func, args, 1, &result, 1));
    CHECK(result.i32 == 42);
    OK(wasmvm_table_set(store, table, 1, &val));
    args[0] = wasmvm_i32(1), args[1] = wasmvm_i32(4);
    OK(call(store, instance, "indirect", args, 2, &result, 1));
    CHECK(result.i32 == 8);
    OK(wasmvm_table_set(store, table, 1, &zero));
    ERR(call(store, instance, "indirect", args, 2, &result, 1), WASMVM_TRAP, "uninitialized");
    OK(wasmvm_table_get(store, table, 1, &result));
    CHECK(wasmvm_func_is_null(result.func));
    ERR(wasmvm_table_get(store, table, 2, &result), WASMVM_TRAP, "out of bounds");
    OK(wasmvm_table_grow(store, table, 6, &val, &size));
    CHECK(size == 2);
    ERR(wasmvm_table_grow(store, table, 1, NULL, &size), WASMVM_LIMIT, "tables");
    OK(wasmvm_table_new(store, 'r', 1, WASMVM_NO_MAX, NULL, &own_table));
    USAGE(wasmvm_table_set(store, own_table, 0, &val), "is wanted");

    /* The same object has the same name; and objects are imports. */
    OK(wasmvm_instance_get(store, instance, "counter", &object));
    CHECK(object.kind == WASMVM_GLOBAL && object.of.global.index == counter.index);
    OK(wasmvm_linker_define(linker, store, "mine", "counter", &object));
    OK(wasmvm_linker_instance(linker, store, "guest", instance));
    object.kind = 9;
    USAGE(wasmvm_linker_define(linker, store, "mine", "what", &object), "no kind 9");
    OK(wasmvm_store_set_limit(store, WASMVM_LIMIT_INSTANCES, 1));
    OK(wasmvm_store_limit(store, WASMVM_LIMIT_INSTANCES, &size));
    CHECK(size == 1);
    ERR(wasmvm_linker_instantiate(linker, store, module, &instance), WASMVM_LIMIT, "instances");
    USAGE(wasmvm_store_set_limit(store, 99, 1), "no limit 99");
    wasmvm_store_delete(store);
    wasmvm_linker_delete(linker);
    wasmvm_module_delete(module);
}

static wasmvm_ref kept;
static wasmvm_error *host_keep(void *data, wasmvm_caller *caller, const wasmvm_val *args,
                               wasmvm_val *results) {
    wasmvm_val clone;
    (void)data;
    if (args[0].ref.store == 0) return NULL; /* null */
    OK(wasmvm_ref_clone(wasmvm_caller_store(caller), args[0].ref, &clone));
    kept = clone.ref;
    results[0] = args[0];
    return NULL;
}
static wasmvm_ref argument;
static wasmvm_error *host_visit(void *data, wasmvm_caller *caller, const wasmvm_val *args,
                                wasmvm_val *results) {
    wasmvm_store *store = wasmvm_caller_store(caller);
    wasmvm_val x;
    (void)data;
    argument = args[0].ref;
    OK(wasmvm_struct_get(store, args[0].ref, 0, &x));
    x.i32 *= 6;
    OK(wasmvm_struct_set(store, args[0].ref, 0, &x));
    OK(wasmvm_store_gc(store));
    results[0] = args[0];
    return NULL;
}
static wasmvm_error *host_any(void *data, wasmvm_caller *caller, const wasmvm_val *args,
                              wasmvm_val *results) {
    (void)data;
    return wasmvm_ref_clone(wasmvm_caller_store(caller), args[0].ref, &results[0]);
}

static void references_are_held(const wasmvm_engine *engine) {
    int one = 1, number;
    wasmvm_module *module;
    wasmvm_store *store = wasmvm_store_new(engine, NULL, NULL);
    wasmvm_linker *linker = wasmvm_linker_new(engine);
    wasmvm_instance instance;
    wasmvm_val point, bytes, i31, ext, back, val, args[2];
    wasmvm_tag tag;
    uint32_t len, i;
    void *data;

    OK(wasmvm_module_from_file(engine, path("mods/gc.wasm"), &module));
    OK(wasmvm_linker_func(linker, "env", "keep", "(r)->r", host_keep, NULL, NULL));
    OK(wasmvm_linker_import(linker, module, 1, host_visit, NULL, NULL));
    USAGE(wasmvm_linker_import(linker, module, 9, host_visit, NULL, NULL), "no import 9");
    OK(wasmvm_linker_func(linker, "env", "any", "(a)->a", host_any, NULL, NULL));
    OK(wasmvm_linker_instantiate(linker, store, module, &instance));
    args[0] = wasmvm_i32(3), args[1] = wasmvm_f64(0.5);
    OK(call(store, instance, "point", args, 2, &point, 1));
    CHECK(wasmvm_ref_get_kind(store, point.ref) == WASMVM_REF_STRUCT);
    OK(wasmvm_store_gc(store));
    OK(wasmvm_struct_get(store, point.ref, 0, &val));
    CHECK(val.i32 == 3);
    OK(wasmvm_struct_get(store, point.ref, 1, &val));
    CHECK(val.f64 == 0.5);
    USAGE(wasmvm_struct_set(store, point.ref, 1, &val), "mutable");
    USAGE(wasmvm_struct_get(store, point.ref, 3, &val), "no field 3");
    OK(wasmvm_struct_set(store, point.ref, 2, &point));
    OK(wasmvm_struct_get(store, point.ref, 2, &val));
    CHECK(wasmvm_ref_get_kind(store, val.ref) == WASMVM_REF_STRUCT);
    OK(wasmvm_ref_release(store, val.ref));
    USAGE(wasmvm_ref_release(store, val.ref), "none any more");
    OK(call(store, instance, "x", &point, 1, &val, 1));
    CHECK(val.i32 == 3);
    OK(call(store, instance, "same", &point, 1, &val, 1));
    CHECK(val.i32 == 1);
    USAGE(wasmvm_array_len(store, point.ref, &len), "no array");
    OK(wasmvm_ref_release(store, point.ref));
    USAGE(call(store, instance, "x", &point, 1, &val, 1), "none any more");
    CHECK(wasmvm_ref_get_kind(store, point.ref) == WASMVM_REF_NULL);

    OK(call(store, instance, "bytes", NULL, 0, &bytes, 1));
    OK(wasmvm_array_len(store, bytes.ref, &len));
    CHECK(len == 3);
    OK(wasmvm_array_get(store, bytes.ref, 2, &val));
    CHECK(val.i32 == 255);
    ERR(wasmvm_array_get(store, bytes.ref, 3, &val), WASMVM_TRAP, "out of bounds");
    OK(wasmvm_ref_release(store, bytes.ref));

    OK(call(store, instance, "i31", NULL, 0, &i31, 1));
    OK(wasmvm_i31_get(store, i31.ref, &number));
    CHECK(number == -5 && wasmvm_ref_get_kind(store, i31.ref) == WASMVM_REF_I31);
    OK(wasmvm_ref_release(store, i31.ref));
    OK(wasmvm_i31_new(store, 77, &i31));
    OK(wasmvm_i31_get(store, i31.ref, &number));
    CHECK(number == 77);
    USAGE(wasmvm_struct_get(store, i31.ref, 0, &val), "no structure");
    OK(wasmvm_ref_release(store, i31.ref));

    finalized = 0;
    OK(wasmvm_externref_new(store, &one, finalize, &ext));
    OK(call(store, instance, "pass", &ext, 1, &back, 1));
    CHECK(wasmvm_ref_get_kind(store, back.ref) == WASMVM_REF_HOST);
    OK(wasmvm_externref_data(store, back.ref, &data));
    CHECK(data == &one);
    OK(wasmvm_externref_data(store, kept, &data));
    CHECK(data == &one);
    OK(wasmvm_ref_release(store, kept));
    OK(wasmvm_ref_release(store, back.ref));
    OK(wasmvm_ref_release(store, ext.ref));
    memset(&ext, 0, sizeof ext);
    OK(call(store, instance, "pass", &ext, 1, &back, 1));
    CHECK(back.ref.store == 0 && wasmvm_ref_get_kind(store, back.ref) == WASMVM_REF_NULL);

    OK(call(store, instance, "visit", NULL, 0, &val, 1));
    CHECK(val.i32 == 42);
    /* References of arguments end with the callback. */
    USAGE(wasmvm_struct_get(store, argument, 0, &val), "none any more");
    OK(call(store, instance, "ref", NULL, 0, &val, 1));
    CHECK(wasmvm_ref_get_kind(store, val.ref) == WASMVM_REF_FUNC);
    OK(wasmvm_ref_release(store, val.ref));
    OK(wasmvm_instance_tag(store, instance, "oops", &tag));
    ERR(call(store, instance, "throw", NULL, 0, NULL, 0), WASMVM_EXCEPTION, "exception");
    /* Nothing piles up. */
    for (i = 0; i < 100000; i++) {
        OK(call(store, instance, "point", args, 2, &point, 1));
        OK(wasmvm_ref_release(store, point.ref));
    }
    CHECK(finalized == 0);
    wasmvm_store_delete(store);
    CHECK(finalized == 1);
    wasmvm_linker_delete(linker);
    wasmvm_module_delete(module);
}

static void objects_are_made(const wasmvm_engine *engine) {
    wasmvm_module *module;
    wasmvm_store *store = wasmvm_store_new(engine, NULL, NULL);
    wasmvm_linker *linker = wasmvm_linker_new(engine);
    wasmvm_instance instance;
    wasmvm_val point, pair, bytes, val, values[3], list;
    uint32_t type, point_type, bytes_type, own, len, i;
    size_t fields;

    OK(wasmvm_module_from_file(engine, path("mods/gc.wasm"), &module));
    OK(wasmvm_linker_missing_as_traps(linker, module));
    OK(wasmvm_linker_instantiate(linker, store, module, &instance));
    /* Of a type of the module. */
    OK(wasmvm_module_type(module, 0, &point_type));
    USAGE(wasmvm_module_type(module, 99, &type), "no type 99");
    values[0] = wasmvm_i32(11), values[1] = wasmvm_f64(2.5);
    memset(&values[2], 0, sizeof values[2]);
    OK(wasmvm_struct_new(store, point_type, values, 3, &point));
    USAGE(wasmvm_struct_new(store, point_type, values, 2, &val), "2 values");
    OK(wasmvm_ref_type(store, point.ref, &type));
    CHECK(type == point_type);
    OK(wasmvm_struct_len(store, point.ref, &fields));
    CHECK(fields == 3);
    OK(call(store, instance, "x", &point, 1, &val, 1));
    CHECK(val.i32 == 11);
    values[2] = point;
    OK(wasmvm_struct_new(store, point_type, values, 3, &val));
    OK(wasmvm_ref_release(store, point.ref));
    OK(wasmvm_store_gc(store));
    OK(wasmvm_struct_get(store, val.ref, 2, &point));
    OK(wasmvm_struct_get(store, point.ref, 1, &values[1]));
    CHECK(values[1].f64 == 2.5);
    OK(wasmvm_ref_release(store, val.ref));
    OK(wasmvm_ref_release(store, point.ref));
    USAGE(wasmvm_struct_new_default(store, 1234567, &val), "no type");
    /* Of types that are made here: equal ones are the same. */
    OK(wasmvm_struct_type(engine, "!i d !b !a", &own));
    OK(wasmvm_struct_type(engine, "!id!b!a", &type));
    CHECK(type == own && own != point_type);
    USAGE(wasmvm_struct_type(engine, "!", &type), "no field");
    USAGE(wasmvm_struct_type(engine, "?", &type), "letter");
    OK(wasmvm_struct_new_default(store, own, &pair));
    ERR(call(store, instance, "x", &pair, 1, &val, 1), WASMVM_TRAP, "cast failure");
    val = wasmvm_i32(0x1ff);
    OK(wasmvm_struct_set(store, pair.ref, 2, &val));
    OK(wasmvm_struct_get(store, pair.ref, 2, &val));
    CHECK(val.i32 == 0xff);
    OK(wasmvm_i31_new(store, -4, &val));
    OK(wasmvm_struct_set(store, pair.ref, 3, &val));
    OK(wasmvm_ref_release(store, val.ref));
    USAGE(wasmvm_struct_set(store, pair.ref, 1, &val), "mutable");

    OK(wasmvm_array_type(engine, "!b", &bytes_type));
    OK(wasmvm_module_type(module, 1, &type));
    CHECK(type == bytes_type);
    USAGE(wasmvm_array_type(engine, "ii", &type), "one element type");
    OK(wasmvm_array_new_bytes(store, bytes_type, (const uint8_t *)"abc", 3, &bytes));
    val = wasmvm_i32('x');
    OK(wasmvm_array_set(store, bytes.ref, 1, &val));
    ERR(wasmvm_array_set(store, bytes.ref, 3, &val), WASMVM_TRAP, "out of bounds");
    OK(wasmvm_array_get(store, bytes.ref, 1, &val));
    CHECK(val.i32 == 'x');
    OK(wasmvm_struct_set(store, pair.ref, 3, &bytes));
    OK(wasmvm_ref_release(store, bytes.ref));
    OK(wasmvm_array_type(engine, "!a", &type));
    OK(wasmvm_array_new(store, type, &pair, 1000, &list));
    OK(wasmvm_array_len(store, list.ref, &len));
    CHECK(len == 1000);
    values[0] = pair, values[1] = list;
    OK(wasmvm_array_new_from(store, type, values, 2, &val));
    USAGE(wasmvm_array_new_from(store, type, NULL, 2, &val), "`values` is NULL");
    USAGE(wasmvm_array_new(store, own, &pair, 1, &val), "array");
    USAGE(wasmvm_struct_new(store, type, NULL, 0, &val), "structure");
    OK(wasmvm_ref_release(store, list.ref));
    OK(wasmvm_ref_release(store, pair.ref));
    OK(wasmvm_array_get(store, val.ref, 1, &list));
    OK(wasmvm_array_get(store, list.ref, 999, &pair));
    OK(wasmvm_struct_get(store, pair.ref, 3, &bytes));
    OK(wasmvm_array_get(store, bytes.ref, 2, &values[0]));
    CHECK(values[0].i32 == 'c');
    ERR(wasmvm_array_new(store, type, &pair, UINT32_MAX, &values[0]), WASMVM_LIMIT, "objects");
    /* An instance that was released ends; its number is not used again. */
    for (i = 0; i < 1000; i++) {
        wasmvm_instance other;
        wasmvm_func func;
        OK(wasmvm_linker_instantiate(linker, store, module, &other));
        OK(wasmvm_instance_func(store, other, "x", "(a)->i", &func));
        OK(wasmvm_instance_release(store, other));
        USAGE(wasmvm_instance_release(store, other), "");
        USAGE(wasmvm_func_call(store, func, &pair, 1, &val, 1), "");
        CHECK(other.index != instance.index);
    }
    USAGE(call(store, instance, "x", &val, 2, &val, 1), "2 arguments");
    wasmvm_store_delete(store);
    wasmvm_linker_delete(linker);
    wasmvm_module_delete(module);
}

static wasmvm_tag oops;
static wasmvm_execution *running;
/* What is asked for is not known yet: the argument is told. */
static wasmvm_error *host_ask(void *data, wasmvm_caller *caller, const wasmvm_val *args,
                              wasmvm_val *results) {
    static int32_t asked[8];
    wasmvm_store *store = wasmvm_caller_store(caller);
    wasmvm_progress progress;
    (void)data, (void)results;
    if (running != NULL) {
        USAGE(wasmvm_execution_run(running, store, NULL, 0, &progress), "already");
        wasmvm_execution_delete(running); /* does nothing here */
    }
    asked[args[0].i32] = args[0].i32;
    return wasmvm_error_new_suspend(&asked[args[0].i32], finalize);
}
static wasmvm_error *host_throw(void *data, wasmvm_caller *caller, const wasmvm_val *args,
                                wasmvm_val *results) {
    wasmvm_store *store = wasmvm_caller_store(caller);
    wasmvm_val values[2], exception;
    (void)data, (void)results;
    values[0] = args[0], values[1] = wasmvm_i64(-9);
    OK(wasmvm_exception_new(store, oops, values, 2, &exception));
    return wasmvm_error_new_exception(store, exception.ref);
}
/* Calls what throws, looks at it, and throws it on. */
static wasmvm_error *host_through(void *data, wasmvm_caller *caller, const wasmvm_val *args,
                                  wasmvm_val *results) {
    wasmvm_store *store = wasmvm_caller_store(caller);
    wasmvm_error *error = call(store, wasmvm_caller_instance(caller), "raise", NULL, 0, NULL, 0);
    wasmvm_val exception, val;
    (void)data, (void)args, (void)results;
    CHECK(wasmvm_error_get_kind(error) == WASMVM_EXCEPTION);
    CHECK(wasmvm_error_exception(error, store, &exception));
    OK(wasmvm_exception_get(store, exception.ref, 1, &val));
    CHECK(val.i64 == 6);
    OK(wasmvm_ref_release(store, exception.ref));
    OK(wasmvm_store_gc(store));
    return error;
}

static void exceptions_cross(wasmvm_store *store, wasmvm_instance instance) {
    wasmvm_val val, exception, values[2], zero = {0};
    wasmvm_tag tag;
    wasmvm_error *error;
    char text[8];
    size_t len;
    int i;

    OK(wasmvm_tag_signature(store, oops, text, sizeof text, &len));
    CHECK(strcmp(text, "(il)->") == 0 && len == 6);
    USAGE(wasmvm_tag_new(store, "()->i", &tag), "no results");
    val = wasmvm_i32(3);
    OK(call(store, instance, "catches", &val, 1, &val, 1));
    CHECK(val.i64 == -9);
    OK(call(store, instance, "catches through", NULL, 0, &val, 1));
    CHECK(val.i64 == 6);
    error = call(store, instance, "raise", NULL, 0, NULL, 0);
    CHECK(wasmvm_error_frame_count(error) == 1);
    CHECK(wasmvm_error_exception(error, store, &exception));
    ERR(error, WASMVM_EXCEPTION, "raise");
    CHECK(wasmvm_ref_get_kind(store, exception.ref) == WASMVM_REF_EXCEPTION);
    OK(wasmvm_store_gc(store));
    OK(wasmvm_exception_tag(store, exception.ref, &tag));
    CHECK(tag.store == oops.store && tag.index == oops.index);
    OK(wasmvm_exception_get(store, exception.ref, 0, &val));
    CHECK(val.i32 == 5);
    USAGE(wasmvm_exception_get(store, exception.ref, 2, &val), "no value 2");
    /* The same once more. */
    error = call(store, instance, "rethrow", &exception, 1, NULL, 0);
    ERR(error, WASMVM_EXCEPTION, "rethrow");
    OK(wasmvm_ref_release(store, exception.ref));
    USAGE(wasmvm_exception_get(store, exception.ref, 0, &val), "none any more");
    CHECK(!wasmvm_error_exception(NULL, store, &val));
    error = wasmvm_error_new_exception(store, exception.ref);
    CHECK(!wasmvm_error_exception(error, store, &val));
    USAGE(error, "none any more");
    USAGE(wasmvm_exception_new(store, oops, NULL, 0, &val), "0 values");
    values[0] = wasmvm_i32(1), values[1] = zero;
    OK(wasmvm_exception_new(store, oops, values, 2, &exception));
    ERR(wasmvm_error_new_exception(store, exception.ref), WASMVM_EXCEPTION, "uncaught");
    /* Nothing piles up. */
    OK(wasmvm_store_set_limit(store, WASMVM_LIMIT_GC_HEAP_BYTES, 1 << 20));
    for (i = 0; i < 20000; i++) {
        ERR(call(store, instance, "raise", NULL, 0, NULL, 0), WASMVM_EXCEPTION, "raise");
        OK(call(store, instance, "catches through", NULL, 0, &val, 1));
    }
}

static void executions_stop_and_go_on(void) {
    wasmvm_config *config = wasmvm_config_new();
    wasmvm_engine *engine = NULL;
    wasmvm_module *module;
    wasmvm_store *store, *other;
    wasmvm_linker *linker;
    wasmvm_instance instance;
    wasmvm_execution *execution, *second, *ended, *paused;
    wasmvm_progress progress;
    wasmvm_interrupt *interrupt;
    wasmvm_func func;
    wasmvm_global asked;
    wasmvm_extern object;
    wasmvm_val arg, val, exception, values[2];
    int pauses = 0;

    wasmvm_config_fuel(config, true), wasmvm_config_interrupts(config, true);
    OK(wasmvm_engine_new(config, &engine));
    wasmvm_config_delete(config);
    OK(wasmvm_module_from_file(engine, path("mods/stop.wasm"), &module));
    linker = wasmvm_linker_new(engine);
    store = wasmvm_store_new(engine, NULL, NULL);
    OK(wasmvm_linker_func(linker, "env", "ask", "(i)->l", host_ask, NULL, NULL));
    OK(wasmvm_linker_func(linker, "env", "throw", "(i)->", host_throw, NULL, NULL));
    OK(wasmvm_linker_func(linker, "env", "through", "()->", host_through, NULL, NULL));
    OK(wasmvm_tag_new(store, "(il)->", &oops));
    object.kind = WASMVM_TAG, object.of.tag = oops;
    OK(wasmvm_linker_define(linker, store, "env", "oops", &object));

    /* A start function that is asked for more. */
    finalized = 0;
    OK(wasmvm_store_set_fuel(store, 0));
    OK(wasmvm_linker_start(linker, store, module, &running));
    execution = running;
    OK(wasmvm_execution_run(execution, store, NULL, 0, &progress));
    CHECK(progress.kind == WASMVM_OUT_OF_FUEL && progress.needed > 0);
    CHECK(progress.instance.store == 0);
    OK(wasmvm_store_set_fuel(store, 1000));
    OK(wasmvm_execution_run(execution, store, NULL, 0, &progress));
    CHECK(progress.kind == WASMVM_SUSPENDED && *(int32_t *)progress.data == 0);
    USAGE(wasmvm_execution_run(execution, store, NULL, 0, &progress), "missing");
    val = wasmvm_i64(30);
    USAGE(wasmvm_execution_run_with(execution, store, NULL, 0, NULL, 0, &progress), "0 values");
    CHECK(finalized == 0);
    OK(wasmvm_execution_run_with(execution, store, &val, 1, NULL, 0, &progress));
    CHECK(progress.kind == WASMVM_SUSPENDED && *(int32_t *)progress.data == 7);
    OK(wasmvm_execution_run_with(execution, store, &val, 1, NULL, 0, &progress));
    CHECK(progress.kind == WASMVM_DONE && finalized == 7);
    instance = progress.instance;
    wasmvm_execution_delete(execution);
    running = NULL;
    OK(wasmvm_instance_global(store, instance, "asked", &asked));
    OK(wasmvm_global_get(store, asked, &val));
    CHECK(val.i64 == 60);

    /* By fuel and by interrupts; two at once. */
    OK(wasmvm_instance_func(store, instance, "count", "(i)->i", &func));
    arg = wasmvm_i32(1000);
    OK(wasmvm_func_start(store, func, &arg, 1, &execution));
    OK(wasmvm_func_start(store, func, &arg, 1, &second));
    USAGE(wasmvm_func_start(store, func, NULL, 0, &ended), "0 values");
    USAGE(wasmvm_execution_run(execution, store, NULL, 0, &progress), "room for 0");
    OK(wasmvm_store_interrupt(store, &interrupt));
    wasmvm_interrupt_raise(interrupt);
    wasmvm_interrupt_delete(interrupt);
    OK(wasmvm_store_set_fuel(store, 100));
    OK(wasmvm_execution_run(execution, store, &val, 1, &progress));
    CHECK(progress.kind == WASMVM_PAUSED);
    do {
        OK(wasmvm_execution_run(pauses % 2 ? second : execution, store, &val, 1, &progress));
        if (progress.kind == WASMVM_OUT_OF_FUEL) {
            pauses++;
            OK(wasmvm_store_set_fuel(store, progress.needed + 100));
        }
    } while (progress.kind != WASMVM_DONE);
    CHECK(val.i32 == 1000 && pauses > 80);
    ended = pauses % 2 ? second : execution, paused = pauses % 2 ? execution : second;
    USAGE(wasmvm_execution_run(ended, store, &val, 1, &progress), "ended");
    other = wasmvm_store_new(engine, NULL, NULL);
    USAGE(wasmvm_execution_run(paused, other, &val, 1, &progress), "another store");
    wasmvm_store_delete(other);
    wasmvm_execution_delete(execution);
    wasmvm_execution_delete(second);

    /* What a callback gives later can be an error. */
    OK(wasmvm_store_set_fuel(store, 1000000000));
    OK(wasmvm_instance_func(store, instance, "asks", "(i)->l", &func));
    arg = wasmvm_i32(2);
    USAGE(wasmvm_func_call(store, func, &arg, 1, &val, 1), "not started as an execution");
    OK(wasmvm_func_start(store, func, &arg, 1, &running));
    USAGE(wasmvm_execution_run_failed(running, store, wasmvm_error_new("x"), &val, 1, &progress),
          "no callback has suspended");
    OK(wasmvm_execution_run(running, store, &val, 1, &progress));
    CHECK(progress.kind == WASMVM_SUSPENDED && *(int32_t *)progress.data == 2);
    ERR(wasmvm_execution_run_failed(running, store, wasmvm_error_new("later"), &val, 1, &progress),
        WASMVM_HOST, "later");
    wasmvm_execution_delete(running);
    running = NULL;
    OK(wasmvm_instance_func(store, instance, "asks and catches", "()->l", &func));
    OK(wasmvm_func_start(store, func, NULL, 0, &running));
    OK(wasmvm_execution_run(running, store, &val, 1, &progress));
    values[0] = wasmvm_i32(0), values[1] = wasmvm_i64(77);
    OK(wasmvm_exception_new(store, oops, values, 2, &exception));
    OK(wasmvm_execution_run_failed(running, store,
                                   wasmvm_error_new_exception(store, exception.ref), &val, 1,
                                   &progress));
    CHECK(progress.kind == WASMVM_DONE && val.i64 == 77);
    wasmvm_execution_delete(running);
    running = NULL;
    exceptions_cross(store, instance);

    /* Dropped half way, before its store and after it. */
    finalized = 0;
    OK(wasmvm_instance_func(store, instance, "asks", "(i)->l", &func));
    arg = wasmvm_i32(4);
    OK(wasmvm_func_start(store, func, &arg, 1, &running));
    OK(wasmvm_execution_run(running, store, &val, 1, &progress));
    CHECK(progress.kind == WASMVM_SUSPENDED);
    wasmvm_execution_delete(running);
    CHECK(finalized == 4);
    OK(wasmvm_func_start(store, func, &arg, 1, &running));
    OK(wasmvm_execution_run(running, store, &val, 1, &progress));
    wasmvm_store_delete(store);
    wasmvm_execution_delete(running);
    CHECK(finalized == 8);
    wasmvm_linker_delete(linker);
    wasmvm_module_delete(module);
    wasmvm_engine_delete(engine);
}

static char output[256];
static size_t output_len;
static wasmvm_store *writing;
static ptrdiff_t write_out(void *data, const uint8_t *bytes, size_t len) {
    *(int *)data += 1;
    /* The guest has the store: to use it now is an error, and no more. */
    if (writing != NULL) USAGE(wasmvm_store_gc(writing), "in use");
    if (len > sizeof output - output_len) return -28;
    memcpy(output + output_len, bytes, len);
    output_len += len;
    return (ptrdiff_t)len;
}

static void guests_see_what_they_are_given(const wasmvm_engine *engine) {
    int writes = 0;
    int32_t code;
    wasmvm_module *module, *sysenv_module;
    wasmvm_store *store = wasmvm_store_new(engine, NULL, NULL);
    wasmvm_linker *linker = wasmvm_linker_new(engine);
    wasmvm_instance instance;
    wasmvm_wasi *wasi = wasmvm_wasi_new();
    wasmvm_sysenv *sysenv = wasmvm_sysenv_new();
    wasmvm_error *error;

    OK(wasmvm_linker_wasi(linker));
    OK(wasmvm_linker_sysenv(linker));
    OK(wasmvm_module_from_file(engine, path("mods/wasi.wasm"), &module));
    OK(wasmvm_module_from_file(engine, path("mods/sysenv.wasm"), &sysenv_module));
    OK(wasmvm_linker_instantiate(linker, store, module, &instance));
    /* Nothing is given by default. */
    ERR(call(store, instance, "_start", NULL, 0, NULL, 0), WASMVM_EXIT, "99");
    OK(wasmvm_wasi_arg(wasi, "app"));
    OK(wasmvm_wasi_env(wasi, "K", "V"));
    OK(wasmvm_wasi_stdin(wasi, (const uint8_t *)"in", 2));
    finalized = 0;
    OK(wasmvm_wasi_stdout(wasi, write_out, &writes, finalize));
    OK(wasmvm_wasi_stderr(wasi, write_out, &writes, NULL));
    OK(wasmvm_wasi_preopen(wasi, path("data"), "/", true));
    OK(wasmvm_wasi_inherit_system(wasi));
    OK(wasmvm_store_wasi(store, wasi));
    writing = store;
    error = call(store, instance, "_start", NULL, 0, NULL, 0);
    CHECK(wasmvm_error_exit_code(error, &code) && code == 7);
    wasmvm_error_delete(error);
    writing = NULL;
    CHECK(output_len == 16 && memcmp(output, "app\0K=V\0ina note", 16) == 0 && writes == 4);
    wasi = wasmvm_wasi_new();
    OK(wasmvm_wasi_preopen(wasi, path("nowhere"), "/", true));
    error = wasmvm_store_wasi(store, wasi);
    CHECK(wasmvm_error_code(error) == WASMVM_IO_ERROR);
    ERR(error, WASMVM_RUNTIME, "5008");
    wasmvm_wasi_delete(wasmvm_wasi_new());

    OK(wasmvm_linker_instantiate(linker, store, sysenv_module, &instance));
    ERR(call(store, instance, "_start", NULL, 0, NULL, 0), WASMVM_EXIT, "40");
    OK(wasmvm_sysenv_arg(sysenv, "a"));
    OK(wasmvm_sysenv_arg(sysenv, "b"));
    OK(wasmvm_store_sysenv(store, sysenv));
    ERR(call(store, instance, "_start", NULL, 0, NULL, 0), WASMVM_EXIT, "42");
    wasmvm_sysenv_delete(wasmvm_sysenv_new());
    CHECK(finalized == 0);
    wasmvm_store_delete(store);
    CHECK(finalized == 4); /* its data is the number of writes */
    wasmvm_linker_delete(linker);
    wasmvm_module_delete(module);
    wasmvm_module_delete(sysenv_module);
}

static void *stop(void *interrupt) {
    struct timespec time = {0, 50 * 1000 * 1000};
    nanosleep(&time, NULL);
    wasmvm_interrupt_raise(interrupt);
    return NULL;
}

static void guests_are_stopped(void) {
    int hundred = 100;
    wasmvm_config *config = wasmvm_config_new();
    wasmvm_engine *engine = NULL;
    wasmvm_module *module;
    wasmvm_store *store;
    wasmvm_linker *linker;
    wasmvm_instance instance;
    wasmvm_interrupt *interrupt;
    pthread_t thread;
    uint64_t fuel;
    wasmvm_error *error;

    wasmvm_config_max_stack_bytes(config, 1);
    USAGE(wasmvm_engine_new(config, &engine), "4096");
    wasmvm_config_max_stack_bytes(config, 1 << 20);
    USAGE(wasmvm_config_feature(config, "nonsense", true), "nonsense");
    OK(wasmvm_config_feature(config, "threads", false));
    wasmvm_config_fuel(config, true), wasmvm_config_interrupts(config, true);
    wasmvm_config_lazy(config, true), wasmvm_config_threads(config, 1);
    wasmvm_config_eager(config, true), wasmvm_config_deterministic(config, true);
    OK(wasmvm_engine_new(config, &engine));
    wasmvm_config_delete(config);
    linker = linker_for(engine);
    store = wasmvm_store_new(engine, &hundred, NULL);
    OK(wasmvm_module_from_file(engine, path("mods/guest.wasm"), &module));
    OK(wasmvm_linker_instantiate(linker, store, module, &instance));
    OK(wasmvm_store_set_fuel(store, 1000));
    error = call(store, instance, "loop", NULL, 0, NULL, 0);
    CHECK(wasmvm_error_trap(error) == WASMVM_TRAP_OUT_OF_FUEL);
    wasmvm_error_delete(error);
    OK(wasmvm_store_set_fuel(store, UINT64_MAX));
    OK(wasmvm_store_fuel(store, &fuel));
    CHECK(fuel > 1000000);
    OK(wasmvm_store_interrupt(store, &interrupt));
    CHECK(pthread_create(&thread, NULL, stop, interrupt) == 0);
    error = call(store, instance, "loop", NULL, 0, NULL, 0);
    CHECK(wasmvm_error_trap(error) == WASMVM_TRAP_INTERRUPTED);
    wasmvm_error_delete(error);
    pthread_join(thread, NULL);
    wasmvm_interrupt_raise(interrupt), wasmvm_interrupt_clear(interrupt);
    OK(call(store, instance, "greet", NULL, 0, NULL, 0));
    ERR(call_i(store, instance, "deep", INT32_MAX), WASMVM_TRAP, "call stack exhausted");
    wasmvm_store_delete(store);
    wasmvm_interrupt_raise(interrupt); /* outlives the store */
    wasmvm_interrupt_delete(interrupt);
    wasmvm_linker_delete(linker);
    wasmvm_module_delete(module);
    wasmvm_engine_delete(engine);
}

static int32_t code_of(wasmvm_error *error) {
    int32_t code = wasmvm_error_code(error);
    wasmvm_error_delete(error);
    return code;
}

static wasmvm_runtime *runtime_writing;
static ptrdiff_t write_in_runtime(void *data, const uint8_t *bytes, size_t len) {
    uint64_t fuel;
    (void)data, (void)bytes;
    USAGE(wasmvm_runtime_fuel(runtime_writing, 1, &fuel), "in use");
    return (ptrdiff_t)len;
}

static void the_runtime_has_handles(void) {
    wasmvm_capabilities *capabilities;
    wasmvm_config *config = wasmvm_config_new();
    wasmvm_runtime *runtime;
    wasmvm_wasi *wasi;
    wasmvm_types *types;
    wasmvm_type type;
    wasmvm_interrupt *interrupt;
    uint64_t module, gc, plugin, instance, second, number;
    wasmvm_value args[2], results[2];
    size_t len;
    uint8_t bytes[4];
    FILE *file;
    static uint8_t image[1 << 16];
    wasmvm_error *error;
    int32_t exit_code;

    CHECK(code_of(wasmvm_capabilities_from_manifest(path("none.toml"), &capabilities)) == 5008);
    OK(wasmvm_capabilities_from_manifest(path("app.toml"), &capabilities));
    wasmvm_config_fuel(config, true), wasmvm_config_interrupts(config, true);
    OK(wasmvm_runtime_new(config, capabilities, &runtime));
    wasmvm_runtime_set_initial_fuel(runtime, 10000);
    CHECK(code_of(wasmvm_runtime_compile_file(runtime, path("other.wasm"), &module)) == 5009);
    CHECK(code_of(wasmvm_runtime_compile_file(runtime, path("mods/no.wasm"), &module)) == 5008);
    CHECK(code_of(wasmvm_runtime_compile(runtime, (const uint8_t *)"x", 1, &module)) == 5000);
    OK(wasmvm_runtime_compile_file(runtime, path("mods/wasi.wasm"), &module));
    OK(wasmvm_runtime_compile_file(runtime, path("mods/guest.wasm"), &plugin));
    CHECK(code_of(wasmvm_runtime_instantiate(runtime, plugin, NULL, &instance)) == 5001);
    CHECK(code_of(wasmvm_runtime_instantiate(runtime, 999, NULL, &instance)) == 5004);
    OK(wasmvm_runtime_module_exports(runtime, plugin, &types));
    CHECK(wasmvm_types_count(types) > 10);
    wasmvm_types_delete(types);
    OK(wasmvm_runtime_drop_module(runtime, plugin));
    CHECK(code_of(wasmvm_runtime_drop_module(runtime, plugin)) == 5004);

    wasi = wasmvm_wasi_new();
    OK(wasmvm_wasi_preopen(wasi, folder, "/", false));
    CHECK(code_of(wasmvm_runtime_instantiate(runtime, module, wasi, &instance)) == 5009);
    wasi = wasmvm_wasi_new();
    OK(wasmvm_wasi_preopen(wasi, path("data"), "/", false));
    OK(wasmvm_wasi_stdout(wasi, write_in_runtime, NULL, NULL));
    OK(wasmvm_runtime_instantiate(runtime, module, wasi, &instance));
    runtime_writing = runtime;
    error = wasmvm_runtime_call(runtime, instance, "_start", NULL, 0, NULL, 0, NULL);
    CHECK(wasmvm_error_exit_code(error, &exit_code) && exit_code == 7);
    CHECK(wasmvm_error_get_kind(error) == WASMVM_EXIT && code_of(error) == 5002);
    CHECK(code_of(wasmvm_runtime_call(runtime, instance, "no", NULL, 0, NULL, 0, NULL)) == 5003);

    /* References are told, but not given. */
    file = fopen(path("mods/gc.wasm"), "rb");
    CHECK(file != NULL);
    len = fread(image, 1, sizeof image, file);
    fclose(file);
    OK(wasmvm_runtime_compile(runtime, image, len, &gc));
    CHECK(code_of(wasmvm_runtime_instantiate(runtime, gc, NULL, &second)) == 5001);

    OK(wasmvm_runtime_memory_size(runtime, instance, &number));
    CHECK(number == 65536);
    OK(wasmvm_runtime_memory_write(runtime, instance, 4, (const uint8_t *)"abcd", 4));
    OK(wasmvm_runtime_memory_read(runtime, instance, 6, bytes, 2));
    CHECK(memcmp(bytes, "cd", 2) == 0);
    CHECK(code_of(wasmvm_runtime_memory_read(runtime, instance, 65535, bytes, 2)) == 5006);
    OK(wasmvm_runtime_memory_grow(runtime, instance, 1, &number));
    CHECK(number == 1);
    OK(wasmvm_runtime_fuel(runtime, instance, &number));
    CHECK(number < 10000);
    OK(wasmvm_runtime_set_fuel(runtime, instance, 1));
    CHECK(code_of(wasmvm_runtime_call(runtime, instance, "_start", NULL, 0, NULL, 0, NULL)) == 5011);
    OK(wasmvm_runtime_interrupt(runtime, instance, &interrupt));
    wasmvm_interrupt_delete(interrupt);
    OK(wasmvm_runtime_drop_instance(runtime, instance));
    CHECK(code_of(wasmvm_runtime_drop_instance(runtime, instance)) == 5005);
    wasmvm_runtime_delete(runtime);
    wasmvm_capabilities_delete(capabilities);
    wasmvm_config_delete(config);

    capabilities = wasmvm_capabilities_new();
    OK(wasmvm_capabilities_load(capabilities, path("mods/[a-z]*.wasm")));
    OK(wasmvm_capabilities_load(capabilities, path("mods/num?ers.wasm")));
    OK(wasmvm_capabilities_preopen(capabilities, path("data")));
    OK(wasmvm_runtime_new(NULL, capabilities, &runtime));
    wasmvm_capabilities_delete(capabilities);
    OK(wasmvm_runtime_compile_file(runtime, path("mods/numbers.wasm"), &module));
    OK(wasmvm_runtime_instantiate(runtime, module, NULL, &instance));
    OK(wasmvm_runtime_instance_exports(runtime, instance, &types));
    CHECK(wasmvm_types_get(types, 0, &type) && strcmp(type.signature, "(il)->ld") == 0);
    wasmvm_types_delete(types);
    args[0].kind = WASMVM_VALUE_FLOAT, args[0].of.f64 = 3;
    args[1].kind = WASMVM_VALUE_INT, args[1].of.i64 = 4;
    OK(wasmvm_runtime_call(runtime, instance, "f", args, 2, results, 2, &len));
    CHECK(len == 2 && results[0].kind == WASMVM_VALUE_I64 && results[0].of.i64 == 4);
    CHECK(results[1].kind == WASMVM_VALUE_F64 && results[1].of.f64 == 3);
    USAGE(wasmvm_runtime_call(runtime, instance, "f", args, 2, results, 1, &len), "room for 1");
    args[0].of.f64 = 0.5;
    CHECK(code_of(wasmvm_runtime_call(runtime, instance, "f", args, 2, results, 2, 0)) == 5007);
    args[0].kind = WASMVM_VALUE_REF;
    USAGE(wasmvm_runtime_call(runtime, instance, "f", args, 2, results, 2, &len), "no kind 8");
    OK(wasmvm_runtime_call(runtime, instance, "ref", NULL, 0, results, 2, &len));
    CHECK(len == 1 && results[0].kind == WASMVM_VALUE_REF);
    wasmvm_runtime_delete(runtime);
    capabilities = wasmvm_capabilities_all();
    OK(wasmvm_runtime_new(NULL, capabilities, &runtime));
    wasmvm_capabilities_delete(capabilities);
    OK(wasmvm_runtime_compile_file(runtime, path("other.wasm"), &module));
    wasmvm_runtime_delete(runtime);
}

int main(int argc, char **argv) {
    wasmvm_engine *engine = NULL;
    if (argc != 2) return 2;
    folder = argv[1];
    CHECK(strcmp(wasmvm_version(), "") > 0);
    nothing_is_refused();
    OK(wasmvm_engine_new(NULL, &engine));
    modules_are_described(engine);
    functions_are_called(engine);
    objects_are_used(engine);
    references_are_held(engine);
    objects_are_made(engine);
    guests_see_what_they_are_given(engine);
    wasmvm_engine_delete(engine);
    guests_are_stopped();
    executions_stop_and_go_on();
    the_runtime_has_handles();
    printf("C tests passed: %d checks\n", checks);
    return 0;
}
