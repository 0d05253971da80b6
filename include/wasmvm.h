/* wasmvm.h: the C interface of wasmvm, a WebAssembly interpreter. C11 or C++17; see docs/c-api.md.
 *
 * Rules, which hold for every function unless it says otherwise:
 *
 * - A function that can fail returns NULL, or an error that the caller now owns. Nothing ever ends
 *   the process, unless memory runs out. After an error, out-parameters are as they were.
 * - Objects behind pointers are made by a function and ended by its `_delete`, which takes NULL
 *   too. Engines, modules, linkers and stores keep what they need of one another: the order of
 *   deleting is free.
 * - What is inside a store (functions, memories, tables, globals, tags, instances) is a plain value
 *   and lives as long as the store, or until its instance is released. A zeroed one is nothing; one
 *   of another store is an error, and so is one that has ended.
 *   References (wasmvm_ref) are to be released, or go with the store.
 * - NULL where an object is needed is an error, never a crash. NULL arrays are fine if their length
 *   is 0. Strings are UTF-8 and end with a NUL; functions that end in `_n` take a length.
 * - What is lent (`const char *`, `const uint8_t *`) belongs to the object that it was asked from.
 * - Engines and modules may be used by several threads at once. Everything else is used by one
 *   thread at a time; only `wasmvm_interrupt_raise` and `_clear` may be called by any at any time.
 * - Data that is given with a function or a stream is ended by its finalizer (which may be NULL),
 *   exactly once, by whoever drops the last thing that uses it; if giving it fails, at once.
 * - Callbacks must return: no longjmp and no C++ exception may leave them.
 */
#ifndef WASMVM_H
#define WASMVM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#ifndef WASMVM_API
#if defined(_WIN32) && defined(WASMVM_SHARED)
#define WASMVM_API __declspec(dllimport)
#else
#define WASMVM_API
#endif
#endif

/* ---- Objects ---------------------------------------------------------------------------------- */

typedef struct wasmvm_error wasmvm_error;
typedef struct wasmvm_config wasmvm_config;
typedef struct wasmvm_engine wasmvm_engine;
typedef struct wasmvm_module wasmvm_module;
typedef struct wasmvm_types wasmvm_types;
typedef struct wasmvm_store wasmvm_store;
typedef struct wasmvm_linker wasmvm_linker;
typedef struct wasmvm_execution wasmvm_execution;
typedef struct wasmvm_caller wasmvm_caller;
typedef struct wasmvm_interrupt wasmvm_interrupt;
typedef struct wasmvm_wasi wasmvm_wasi;
typedef struct wasmvm_sysenv wasmvm_sysenv;
typedef struct wasmvm_capabilities wasmvm_capabilities;
typedef struct wasmvm_runtime wasmvm_runtime;

/* What is in a store. The fields are nobody's business. */
typedef struct wasmvm_instance { uint64_t store, index; } wasmvm_instance;
typedef struct wasmvm_func { uint64_t store, index; } wasmvm_func;
typedef struct wasmvm_memory { uint64_t store, index; } wasmvm_memory;
typedef struct wasmvm_table { uint64_t store, index; } wasmvm_table;
typedef struct wasmvm_global { uint64_t store, index; } wasmvm_global;
typedef struct wasmvm_tag { uint64_t store, index; } wasmvm_tag;
/* A reference: a value of the host's, a structure, an array, an i31, an exception, a function. */
typedef struct wasmvm_ref { uint64_t store, index; } wasmvm_ref;

/* A value. Its type is known from elsewhere: a signature, a global, a table. Exactly the member of
 * that type is read and written; a zeroed one is 0 or null. A funcref is `func`; `ref` says the
 * same. */
typedef union wasmvm_val {
    int32_t i32;
    int64_t i64;
    float f32;
    double f64;
    uint8_t v128[16]; /* lane 0 first, little-endian */
    wasmvm_func func;
    wasmvm_ref ref;
} wasmvm_val;

static inline wasmvm_val wasmvm_i32(int32_t x) { wasmvm_val v = {0}; v.i32 = x; return v; }
static inline wasmvm_val wasmvm_i64(int64_t x) { wasmvm_val v = {0}; v.i64 = x; return v; }
static inline wasmvm_val wasmvm_f32(float x) { wasmvm_val v = {0}; v.f32 = x; return v; }
static inline wasmvm_val wasmvm_f64(double x) { wasmvm_val v = {0}; v.f64 = x; return v; }

/* Signatures are text, as in "(ii)->i": one letter for each parameter and each result.
 *   i i32   l i64   f f32   d f64   v v128   r externref   c funcref   a anyref   x exnref
 * Functions with other references in their types are imported with wasmvm_linker_import. */

/* What ends data that was given. */
typedef void (*wasmvm_finalizer)(void *data);

/* "0.1.0" */
WASMVM_API const char *wasmvm_version(void);

/* ---- Errors ----------------------------------------------------------------------------------- */

typedef enum wasmvm_error_kind {
    WASMVM_NO_ERROR = 0,    /* the pointer is NULL */
    WASMVM_MALFORMED = 1,   /* the bytes are no module */
    WASMVM_INVALID = 2,     /* the module is not valid */
    WASMVM_UNSUPPORTED = 3, /* it uses what is switched off */
    WASMVM_LINK = 4,        /* imports are missing or do not fit: the message has all of them */
    WASMVM_TRAP = 5,        /* wasmvm_error_trap */
    WASMVM_EXCEPTION = 6,   /* it was thrown and not caught; wasmvm_error_exception */
    WASMVM_EXIT = 7,        /* the guest ended itself: no failure; wasmvm_error_exit_code */
    WASMVM_HOST = 8,        /* a callback failed, or a file cannot be read */
    WASMVM_LIMIT = 9,       /* a limit was reached */
    WASMVM_USAGE = 10,      /* the program used the interface wrongly */
    WASMVM_INTERNAL = 11,   /* a bug of wasmvm */
    WASMVM_RUNTIME = 12     /* of a wasmvm_runtime, and none of the above; wasmvm_error_code */
} wasmvm_error_kind;

typedef enum wasmvm_trap {
    WASMVM_TRAP_UNREACHABLE = 0,
    WASMVM_TRAP_INTEGER_DIVIDE_BY_ZERO = 1,
    WASMVM_TRAP_INTEGER_OVERFLOW = 2,
    WASMVM_TRAP_INVALID_CONVERSION_TO_INTEGER = 3,
    WASMVM_TRAP_MEMORY_OUT_OF_BOUNDS = 4,
    WASMVM_TRAP_TABLE_OUT_OF_BOUNDS = 5,
    WASMVM_TRAP_UNDEFINED_ELEMENT = 6,
    WASMVM_TRAP_UNINITIALIZED_ELEMENT = 7,
    WASMVM_TRAP_INDIRECT_CALL_TYPE_MISMATCH = 8,
    WASMVM_TRAP_STACK_EXHAUSTED = 9,
    WASMVM_TRAP_OUT_OF_FUEL = 10,
    WASMVM_TRAP_INTERRUPTED = 11,
    WASMVM_TRAP_NULL_REFERENCE = 12,
    WASMVM_TRAP_NULL_FUNCTION_REFERENCE = 13,
    WASMVM_TRAP_NULL_I31 = 14,
    WASMVM_TRAP_NULL_STRUCTURE = 15,
    WASMVM_TRAP_NULL_ARRAY = 16,
    WASMVM_TRAP_NULL_EXCEPTION = 17,
    WASMVM_TRAP_CAST_FAILURE = 18,
    WASMVM_TRAP_ARRAY_OUT_OF_BOUNDS = 19,
    WASMVM_TRAP_UNALIGNED_ATOMIC = 20,
    WASMVM_TRAP_EXPECTED_SHARED_MEMORY = 21,
    WASMVM_TRAP_WAIT_UNSUPPORTED = 22,
    WASMVM_TRAP_ALLOCATION_TOO_LARGE = 23,
    WASMVM_TRAP_MISSING_IMPORT = 24,
    WASMVM_TRAP_INVALID_FUNCTION = 25,
    WASMVM_TRAP_NULL_DESCRIPTOR = 26,
    WASMVM_TRAP_DESCRIPTOR_CAST_FAILURE = 27
} wasmvm_trap;

/* A frame of the guest's. `name` and `module` are NULL if it has none; lent by the error. */
typedef struct wasmvm_frame {
    uint32_t func;   /* the function's index in its module */
    uint32_t offset; /* of the instruction in the module, in bytes */
    const char *name;
    const char *module;
} wasmvm_frame;

/* Errors for callbacks to return, which gives them away: a reason, the end of the guest, a trap.
 * Never NULL. */
WASMVM_API wasmvm_error *wasmvm_error_new(const char *message);
WASMVM_API wasmvm_error *wasmvm_error_new_exit(int32_t code);
WASMVM_API wasmvm_error *wasmvm_error_new_trap(int trap);
/* Throws an exception, whose reference is given away. */
WASMVM_API wasmvm_error *wasmvm_error_new_exception(wasmvm_store *store, wasmvm_ref exception);
/* Suspends the execution that has called: who runs it gets the data (wasmvm_progress). */
WASMVM_API wasmvm_error *wasmvm_error_new_suspend(void *data, wasmvm_finalizer finalizer);
WASMVM_API void wasmvm_error_delete(wasmvm_error *error);
WASMVM_API uint32_t wasmvm_error_get_kind(const wasmvm_error *error);
/* What went wrong, with the backtrace; the reason alone; the backtrace alone. Lent, never NULL. */
WASMVM_API const char *wasmvm_error_message(const wasmvm_error *error);
WASMVM_API const char *wasmvm_error_reason(const wasmvm_error *error);
WASMVM_API const char *wasmvm_error_backtrace(const wasmvm_error *error);
/* The frames that were active, innermost first. */
WASMVM_API size_t wasmvm_error_frame_count(const wasmvm_error *error);
WASMVM_API bool wasmvm_error_frame(const wasmvm_error *error, size_t index, wasmvm_frame *out);
/* The wasmvm_trap, or -1 if it is none. */
WASMVM_API int wasmvm_error_trap(const wasmvm_error *error);
/* Whether the guest ended itself, and with which code (which may be NULL). */
WASMVM_API bool wasmvm_error_exit_code(const wasmvm_error *error, int32_t *code);
/* The exception, if it is one that a guest has not caught: a reference to be released. The store is
 * the one it was thrown in. */
WASMVM_API bool wasmvm_error_exception(const wasmvm_error *error, wasmvm_store *store,
                                       wasmvm_val *out);
/* The code of an error of a wasmvm_runtime, 5000 to 5011; else 0. */
WASMVM_API int32_t wasmvm_error_code(const wasmvm_error *error);

/* ---- Configuration and engine ----------------------------------------------------------------- */

WASMVM_API wasmvm_config *wasmvm_config_new(void);
WASMVM_API void wasmvm_config_delete(wasmvm_config *config);
/* Whether execution consumes fuel; can be interrupted from other threads. */
WASMVM_API void wasmvm_config_fuel(wasmvm_config *config, bool on);
WASMVM_API void wasmvm_config_interrupts(wasmvm_config *config, bool on);
/* Whether functions are translated when a module is loaded, and not on their first call. */
WASMVM_API void wasmvm_config_eager(wasmvm_config *config, bool on);
/* Whether functions are validated on their first call only, and translated then. What is wrong with
   a body is an error of that call. */
WASMVM_API void wasmvm_config_lazy(wasmvm_config *config, bool on);
/* How many threads may validate and translate a large module while it is loaded; 0, the default,
   is as many as there are processors. */
WASMVM_API void wasmvm_config_threads(wasmvm_config *config, size_t most);
/* Whether memories reserve all the address space that they can reach. */
WASMVM_API void wasmvm_config_guard_pages(wasmvm_config *config, bool on);
/* Whether the same module with the same input does the same everywhere. */
WASMVM_API void wasmvm_config_deterministic(wasmvm_config *config, bool on);
/* The value stack of a store; 4096 at least. */
WASMVM_API void wasmvm_config_max_stack_bytes(wasmvm_config *config, size_t bytes);
/* Switches a proposal: "simd", "gc", ... as `wasmvm features` lists them. */
WASMVM_API wasmvm_error *wasmvm_config_feature(wasmvm_config *config, const char *name, bool on);

/* The configuration stays the caller's; NULL is the default one. */
WASMVM_API wasmvm_error *wasmvm_engine_new(const wasmvm_config *config, wasmvm_engine **out);
WASMVM_API void wasmvm_engine_delete(wasmvm_engine *engine);

/* ---- Modules ---------------------------------------------------------------------------------- */

/* The bytes are copied. */
WASMVM_API wasmvm_error *wasmvm_module_new(const wasmvm_engine *engine, const uint8_t *bytes,
                                           size_t len, wasmvm_module **out);
WASMVM_API wasmvm_error *wasmvm_module_from_file(const wasmvm_engine *engine, const char *path,
                                                 wasmvm_module **out);
WASMVM_API wasmvm_error *wasmvm_module_validate(const wasmvm_engine *engine, const uint8_t *bytes,
                                                size_t len);
WASMVM_API void wasmvm_module_delete(wasmvm_module *module);
/* The contents of a custom section; false if there are not so many of this name. */
WASMVM_API bool wasmvm_module_custom_section(const wasmvm_module *module, const char *name,
                                             size_t index, const uint8_t **bytes, size_t *len);

typedef enum wasmvm_extern_kind {
    WASMVM_FUNC = 1,
    WASMVM_TABLE = 2,
    WASMVM_MEMORY = 3,
    WASMVM_GLOBAL = 4,
    WASMVM_TAG = 5
} wasmvm_extern_kind;

/* An import or export. Lent by the list. */
typedef struct wasmvm_type {
    const char *module; /* NULL for an export */
    size_t module_len;
    const char *name;
    size_t name_len;
    uint32_t kind;         /* wasmvm_extern_kind */
    const char *type;      /* for people: "func [i32 i32] -> [i32]" */
    const char *signature; /* "(ii)->i"; NULL if it is no function, or has no letters */
} wasmvm_type;

WASMVM_API wasmvm_error *wasmvm_module_imports(const wasmvm_module *module, wasmvm_types **out);
WASMVM_API wasmvm_error *wasmvm_module_exports(const wasmvm_module *module, wasmvm_types **out);
WASMVM_API void wasmvm_types_delete(wasmvm_types *types);
WASMVM_API size_t wasmvm_types_count(const wasmvm_types *types);
WASMVM_API bool wasmvm_types_get(const wasmvm_types *types, size_t index, wasmvm_type *out);

/* ---- Stores ----------------------------------------------------------------------------------- */

/* A store, with data of the host's; NULL if the engine is NULL. Every function that takes a store
 * can be called with it in callbacks too. In a finalizer, and in the write function of a stream,
 * the store cannot be used. */
WASMVM_API wasmvm_store *wasmvm_store_new(const wasmvm_engine *engine, void *data,
                                          wasmvm_finalizer finalizer);
/* Ends a store and all that is in it. In a callback it does nothing. */
WASMVM_API void wasmvm_store_delete(wasmvm_store *store);
WASMVM_API void *wasmvm_store_data(const wasmvm_store *store);
/* Fuel: about one unit for an instruction. The engine must be configured for it. */
WASMVM_API wasmvm_error *wasmvm_store_set_fuel(wasmvm_store *store, uint64_t fuel);
WASMVM_API wasmvm_error *wasmvm_store_fuel(const wasmvm_store *store, uint64_t *fuel);

typedef enum wasmvm_limit {
    WASMVM_LIMIT_MEMORY_BYTES = 0,
    WASMVM_LIMIT_TABLE_ELEMENTS = 1,
    WASMVM_LIMIT_GC_HEAP_BYTES = 2,
    WASMVM_LIMIT_INSTANCES = 3,
    WASMVM_LIMIT_STACK_BYTES = 4,
    WASMVM_LIMIT_HOST_CALL_DEPTH = 5
} wasmvm_limit;

/* What all guests of a store may use together. Not in callbacks. */
WASMVM_API wasmvm_error *wasmvm_store_set_limit(wasmvm_store *store, int limit, uint64_t value);
WASMVM_API wasmvm_error *wasmvm_store_limit(const wasmvm_store *store, int limit, uint64_t *value);
/* Collects the heap of structures, arrays and exceptions, and, outside of callbacks, instances that
 * were released; which happens by itself too. */
WASMVM_API wasmvm_error *wasmvm_store_gc(wasmvm_store *store);
/* What guests get of the world. The configuration is taken, also if this fails. */
WASMVM_API wasmvm_error *wasmvm_store_wasi(wasmvm_store *store, wasmvm_wasi *config);
WASMVM_API wasmvm_error *wasmvm_store_sysenv(wasmvm_store *store, wasmvm_sysenv *config);

/* Stops what runs in a store, from any thread: an execution pauses, a call ends with the trap
 * INTERRUPTED. The engine must be configured for it. The handle may outlive the store. */
WASMVM_API wasmvm_error *wasmvm_store_interrupt(const wasmvm_store *store, wasmvm_interrupt **out);
WASMVM_API void wasmvm_interrupt_raise(const wasmvm_interrupt *interrupt);
/* Takes back an interrupt that nothing has met yet. */
WASMVM_API void wasmvm_interrupt_clear(const wasmvm_interrupt *interrupt);
WASMVM_API void wasmvm_interrupt_delete(wasmvm_interrupt *interrupt);

/* ---- Functions of the host -------------------------------------------------------------------- */

/* A function of the host's: as many arguments and results as its signature says; results are
 * zeroed before. It returns NULL, or an error, given away, that unwinds the guest.
 * References among the arguments end with the call; those left in the results are given away: keep
 * a clone. */
typedef wasmvm_error *(*wasmvm_callback)(void *data, wasmvm_caller *caller, const wasmvm_val *args,
                                         wasmvm_val *results);

/* The caller is there until the callback returns. */
WASMVM_API wasmvm_store *wasmvm_caller_store(const wasmvm_caller *caller);
/* The data of the store. */
WASMVM_API void *wasmvm_caller_data(const wasmvm_caller *caller);
/* The calling instance; zeroed if the host calls its own function. */
WASMVM_API wasmvm_instance wasmvm_caller_instance(const wasmvm_caller *caller);
/* The memory that the calling instance exports as "memory". */
WASMVM_API wasmvm_error *wasmvm_caller_memory(const wasmvm_caller *caller, wasmvm_memory *out);
/* `len` bytes of it, checked: to be used until the callback returns, calls a guest, or grows the
 * memory. */
WASMVM_API wasmvm_error *wasmvm_caller_slice(const wasmvm_caller *caller, uint64_t at, uint64_t len,
                                             uint8_t **out);
WASMVM_API wasmvm_error *wasmvm_caller_read(const wasmvm_caller *caller, uint64_t at,
                                            uint8_t *bytes, size_t len);
WASMVM_API wasmvm_error *wasmvm_caller_write(const wasmvm_caller *caller, uint64_t at,
                                             const uint8_t *bytes, size_t len);

/* What an instance exports, and an import can be. */
typedef struct wasmvm_extern {
    uint32_t kind; /* wasmvm_extern_kind */
    union {
        wasmvm_func func;
        wasmvm_table table;
        wasmvm_memory memory;
        wasmvm_global global;
        wasmvm_tag tag;
    } of;
} wasmvm_extern;

/* A linker gives names to imports. Functions serve every store, other objects their own. */
WASMVM_API wasmvm_linker *wasmvm_linker_new(const wasmvm_engine *engine);
WASMVM_API void wasmvm_linker_delete(wasmvm_linker *linker);
/* Whether a name may be defined again. */
WASMVM_API void wasmvm_linker_allow_shadowing(wasmvm_linker *linker, bool on);
WASMVM_API wasmvm_error *wasmvm_linker_func(wasmvm_linker *linker, const char *module,
                                            const char *name, const char *signature,
                                            wasmvm_callback callback, void *data,
                                            wasmvm_finalizer finalizer);
WASMVM_API wasmvm_error *wasmvm_linker_func_n(wasmvm_linker *linker, const char *module,
                                              size_t module_len, const char *name, size_t name_len,
                                              const char *signature, wasmvm_callback callback,
                                              void *data, wasmvm_finalizer finalizer);
/* Defines the function that a module imports at this index of its imports, with its type, whatever
 * that is. */
WASMVM_API wasmvm_error *wasmvm_linker_import(wasmvm_linker *linker, const wasmvm_module *module,
                                              size_t index, wasmvm_callback callback, void *data,
                                              wasmvm_finalizer finalizer);
WASMVM_API wasmvm_error *wasmvm_linker_define(wasmvm_linker *linker, const wasmvm_store *store,
                                              const char *module, const char *name,
                                              const wasmvm_extern *object);
/* Defines all exports of an instance under a module name. */
WASMVM_API wasmvm_error *wasmvm_linker_instance(wasmvm_linker *linker, const wasmvm_store *store,
                                                const char *module, wasmvm_instance instance);
/* Defines the functions of WASI preview 1 (both names), of sys_fs and sys_proc. What they work on
 * is the store's: wasmvm_store_wasi, wasmvm_store_sysenv; nothing by default. */
WASMVM_API wasmvm_error *wasmvm_linker_wasi(wasmvm_linker *linker);
WASMVM_API wasmvm_error *wasmvm_linker_sysenv(wasmvm_linker *linker);
/* Defines functions that a module misses as ones that trap when they are called. */
WASMVM_API wasmvm_error *wasmvm_linker_missing_as_traps(wasmvm_linker *linker,
                                                        const wasmvm_module *module);
/* Instantiates a module, and runs its start function. */
WASMVM_API wasmvm_error *wasmvm_linker_instantiate(const wasmvm_linker *linker, wasmvm_store *store,
                                                   const wasmvm_module *module,
                                                   wasmvm_instance *out);

/* ---- Instances and functions ------------------------------------------------------------------ */

WASMVM_API wasmvm_error *wasmvm_instance_get(const wasmvm_store *store, wasmvm_instance instance,
                                             const char *name, wasmvm_extern *out);
WASMVM_API wasmvm_error *wasmvm_instance_get_n(const wasmvm_store *store, wasmvm_instance instance,
                                               const char *name, size_t len, wasmvm_extern *out);
/* An exported function; it must have this signature, unless that is NULL. */
WASMVM_API wasmvm_error *wasmvm_instance_func(const wasmvm_store *store, wasmvm_instance instance,
                                              const char *name, const char *signature,
                                              wasmvm_func *out);
WASMVM_API wasmvm_error *wasmvm_instance_memory(const wasmvm_store *store, wasmvm_instance instance,
                                                const char *name, wasmvm_memory *out);
WASMVM_API wasmvm_error *wasmvm_instance_table(const wasmvm_store *store, wasmvm_instance instance,
                                               const char *name, wasmvm_table *out);
WASMVM_API wasmvm_error *wasmvm_instance_global(const wasmvm_store *store, wasmvm_instance instance,
                                                const char *name, wasmvm_global *out);
WASMVM_API wasmvm_error *wasmvm_instance_tag(const wasmvm_store *store, wasmvm_instance instance,
                                             const char *name, wasmvm_tag *out);

/* A function of the host's, as a value; it belongs to the store. */
WASMVM_API wasmvm_error *wasmvm_func_new(wasmvm_store *store, const char *signature,
                                         wasmvm_callback callback, void *data,
                                         wasmvm_finalizer finalizer, wasmvm_func *out);
/* Calls a function. The counts must be those of its type. */
WASMVM_API wasmvm_error *wasmvm_func_call(wasmvm_store *store, wasmvm_func func,
                                          const wasmvm_val *args, size_t args_len,
                                          wasmvm_val *results, size_t results_len);
/* Writes the signature, cut off if there is no room for it and a NUL; and its length (which may be
 * NULL). */
WASMVM_API wasmvm_error *wasmvm_func_signature(const wasmvm_store *store, wasmvm_func func,
                                               char *text, size_t capacity, size_t *len);
WASMVM_API bool wasmvm_func_is_null(wasmvm_func func);

/* Lets go of an instance: it and what belongs to it cannot be used from now on, and it is freed by
 * wasmvm_store_gc, or by itself, as soon as nothing in the store refers to it. */
WASMVM_API wasmvm_error *wasmvm_instance_release(wasmvm_store *store, wasmvm_instance instance);

/* ---- Executions: calls that stop and go on ---------------------------------------------------- */

typedef enum wasmvm_progress_kind {
    WASMVM_DONE = 0,        /* it has ended, the results are there */
    WASMVM_OUT_OF_FUEL = 1, /* set `needed` fuel at least, and run it again */
    WASMVM_PAUSED = 2,      /* by a wasmvm_interrupt: run it again */
    WASMVM_SUSPENDED = 3    /* by a callback: run it with what that was to give */
} wasmvm_progress_kind;

/* How far an execution has come. */
typedef struct wasmvm_progress {
    uint32_t kind; /* wasmvm_progress_kind */
    uint64_t needed;
    void *data;               /* of wasmvm_error_new_suspend; lent until it is run again */
    wasmvm_instance instance; /* of wasmvm_linker_start, at its end */
} wasmvm_progress;

/* A call that has not begun; wasmvm_execution_run runs it. The store is free while it is paused. */
WASMVM_API wasmvm_error *wasmvm_func_start(wasmvm_store *store, wasmvm_func func,
                                           const wasmvm_val *args, size_t args_len,
                                           wasmvm_execution **out);
/* Instantiates a module; the execution is that of its start function. */
WASMVM_API wasmvm_error *wasmvm_linker_start(const wasmvm_linker *linker, wasmvm_store *store,
                                             const wasmvm_module *module, wasmvm_execution **out);
/* Runs it from where it is until it ends or pauses. There must be room for the results each time
 * (none for a start function); they are written at its end. An error ends it. */
WASMVM_API wasmvm_error *wasmvm_execution_run(wasmvm_execution *execution, wasmvm_store *store,
                                              wasmvm_val *results, size_t results_len,
                                              wasmvm_progress *progress);
/* The same with the results of the callback that has suspended it. */
WASMVM_API wasmvm_error *wasmvm_execution_run_with(wasmvm_execution *execution, wasmvm_store *store,
                                                   const wasmvm_val *given, size_t given_len,
                                                   wasmvm_val *results, size_t results_len,
                                                   wasmvm_progress *progress);
/* The same with the error of that callback, which is given away. */
WASMVM_API wasmvm_error *wasmvm_execution_run_failed(wasmvm_execution *execution,
                                                     wasmvm_store *store, wasmvm_error *error,
                                                     wasmvm_val *results, size_t results_len,
                                                     wasmvm_progress *progress);
/* Ends it, wherever it is; also after its store. In callbacks that it has called it does nothing. */
WASMVM_API void wasmvm_execution_delete(wasmvm_execution *execution);

/* ---- Memories, tables, globals ---------------------------------------------------------------- */

/* For a memory or table without a maximum. */
#define WASMVM_NO_MAX UINT64_MAX

WASMVM_API wasmvm_error *wasmvm_memory_new(wasmvm_store *store, uint64_t min_pages,
                                           uint64_t max_pages, bool is_64, wasmvm_memory *out);
/* The bytes: to be used until a guest runs, or the memory grows. Not of shared memories. */
WASMVM_API wasmvm_error *wasmvm_memory_data(const wasmvm_store *store, wasmvm_memory memory,
                                            uint8_t **bytes, size_t *len);
WASMVM_API wasmvm_error *wasmvm_memory_read(const wasmvm_store *store, wasmvm_memory memory,
                                            uint64_t at, uint8_t *bytes, size_t len);
WASMVM_API wasmvm_error *wasmvm_memory_write(wasmvm_store *store, wasmvm_memory memory, uint64_t at,
                                             const uint8_t *bytes, size_t len);
WASMVM_API wasmvm_error *wasmvm_memory_size(const wasmvm_store *store, wasmvm_memory memory,
                                            uint64_t *pages);
/* `old` (which may be NULL) is the size before. */
WASMVM_API wasmvm_error *wasmvm_memory_grow(wasmvm_store *store, wasmvm_memory memory,
                                            uint64_t pages, uint64_t *old);

/* `element` is a letter of signatures; an `init` of NULL is null. */
WASMVM_API wasmvm_error *wasmvm_table_new(wasmvm_store *store, char element, uint64_t min,
                                          uint64_t max, const wasmvm_val *init, wasmvm_table *out);
WASMVM_API wasmvm_error *wasmvm_table_size(const wasmvm_store *store, wasmvm_table table,
                                           uint64_t *size);
WASMVM_API wasmvm_error *wasmvm_table_get(const wasmvm_store *store, wasmvm_table table,
                                          uint64_t index, wasmvm_val *out);
WASMVM_API wasmvm_error *wasmvm_table_set(wasmvm_store *store, wasmvm_table table, uint64_t index,
                                          const wasmvm_val *val);
WASMVM_API wasmvm_error *wasmvm_table_grow(wasmvm_store *store, wasmvm_table table, uint64_t count,
                                           const wasmvm_val *init, uint64_t *old);

WASMVM_API wasmvm_error *wasmvm_global_new(wasmvm_store *store, char content, bool is_mutable,
                                           const wasmvm_val *val, wasmvm_global *out);
/* The letter of the type, or '?'; each may be NULL. */
WASMVM_API wasmvm_error *wasmvm_global_type(const wasmvm_store *store, wasmvm_global global,
                                            char *content, bool *is_mutable);
WASMVM_API wasmvm_error *wasmvm_global_get(const wasmvm_store *store, wasmvm_global global,
                                           wasmvm_val *out);
WASMVM_API wasmvm_error *wasmvm_global_set(wasmvm_store *store, wasmvm_global global,
                                           const wasmvm_val *val);

/* ---- References ------------------------------------------------------------------------------- */

typedef enum wasmvm_ref_kind {
    WASMVM_REF_NULL = 0, /* or unknown */
    WASMVM_REF_FUNC = 1,
    WASMVM_REF_HOST = 2, /* wasmvm_externref_data */
    WASMVM_REF_I31 = 3,
    WASMVM_REF_STRUCT = 4,
    WASMVM_REF_ARRAY = 5,
    WASMVM_REF_EXCEPTION = 6
} wasmvm_ref_kind;

WASMVM_API int wasmvm_ref_get_kind(const wasmvm_store *store, wasmvm_ref ref);
/* Another reference to the same, to be released for itself. */
WASMVM_API wasmvm_error *wasmvm_ref_clone(wasmvm_store *store, wasmvm_ref ref, wasmvm_val *out);
/* Ends a reference; what it refers to may be collected then. Functions need none of this. */
WASMVM_API wasmvm_error *wasmvm_ref_release(wasmvm_store *store, wasmvm_ref ref);
/* A value of the host's, which is kept until the store is deleted, and its pointer. */
WASMVM_API wasmvm_error *wasmvm_externref_new(wasmvm_store *store, void *data,
                                              wasmvm_finalizer finalizer, wasmvm_val *out);
WASMVM_API wasmvm_error *wasmvm_externref_data(const wasmvm_store *store, wasmvm_ref ref,
                                               void **data);

/* ---- Structures, arrays, i31s ----------------------------------------------------------------- */

WASMVM_API wasmvm_error *wasmvm_i31_new(wasmvm_store *store, int32_t value, wasmvm_val *out);
WASMVM_API wasmvm_error *wasmvm_i31_get(const wasmvm_store *store, wasmvm_ref ref, int32_t *value);

/* Types of objects are numbers of the engine; equal types have equal numbers. They come from text,
 * a field after the other (letters of signatures, b i8, h i16; after ! if it is mutable: "!i d !b"),
 * from the type section of a module, or from an object. */
WASMVM_API wasmvm_error *wasmvm_struct_type(const wasmvm_engine *engine, const char *fields,
                                            uint32_t *out);
WASMVM_API wasmvm_error *wasmvm_array_type(const wasmvm_engine *engine, const char *element,
                                           uint32_t *out);
WASMVM_API wasmvm_error *wasmvm_module_type(const wasmvm_module *module, uint32_t index,
                                            uint32_t *out);
WASMVM_API wasmvm_error *wasmvm_ref_type(const wasmvm_store *store, wasmvm_ref ref, uint32_t *out);

/* Fields and elements: the member of their type, packed ones without sign in `i32`. A new object is
 * a reference to be released. */
WASMVM_API wasmvm_error *wasmvm_struct_new(wasmvm_store *store, uint32_t type,
                                           const wasmvm_val *values, size_t len, wasmvm_val *out);
/* Of zeros and nulls. */
WASMVM_API wasmvm_error *wasmvm_struct_new_default(wasmvm_store *store, uint32_t type,
                                                   wasmvm_val *out);
WASMVM_API wasmvm_error *wasmvm_struct_len(const wasmvm_store *store, wasmvm_ref ref, size_t *len);
WASMVM_API wasmvm_error *wasmvm_struct_get(const wasmvm_store *store, wasmvm_ref ref, size_t field,
                                           wasmvm_val *out);
WASMVM_API wasmvm_error *wasmvm_struct_set(wasmvm_store *store, wasmvm_ref ref, size_t field,
                                           const wasmvm_val *val);
/* `len` times one element; these elements; these bytes, in an array of i8. */
WASMVM_API wasmvm_error *wasmvm_array_new(wasmvm_store *store, uint32_t type,
                                          const wasmvm_val *element, uint32_t len, wasmvm_val *out);
WASMVM_API wasmvm_error *wasmvm_array_new_from(wasmvm_store *store, uint32_t type,
                                               const wasmvm_val *values, size_t len,
                                               wasmvm_val *out);
WASMVM_API wasmvm_error *wasmvm_array_new_bytes(wasmvm_store *store, uint32_t type,
                                                const uint8_t *bytes, size_t len, wasmvm_val *out);
WASMVM_API wasmvm_error *wasmvm_array_len(const wasmvm_store *store, wasmvm_ref ref, uint32_t *len);
WASMVM_API wasmvm_error *wasmvm_array_get(const wasmvm_store *store, wasmvm_ref ref, uint32_t index,
                                          wasmvm_val *out);
WASMVM_API wasmvm_error *wasmvm_array_set(wasmvm_store *store, wasmvm_ref ref, uint32_t index,
                                          const wasmvm_val *val);

/* ---- Tags and exceptions ---------------------------------------------------------------------- */

/* A tag: the signature, without results, has the values of its exceptions. */
WASMVM_API wasmvm_error *wasmvm_tag_new(wasmvm_store *store, const char *signature,
                                        wasmvm_tag *out);
/* As wasmvm_func_signature. */
WASMVM_API wasmvm_error *wasmvm_tag_signature(const wasmvm_store *store, wasmvm_tag tag, char *text,
                                              size_t capacity, size_t *len);
/* An exception, to be thrown with wasmvm_error_new_exception, or passed as an exnref. */
WASMVM_API wasmvm_error *wasmvm_exception_new(wasmvm_store *store, wasmvm_tag tag,
                                              const wasmvm_val *values, size_t len,
                                              wasmvm_val *out);
WASMVM_API wasmvm_error *wasmvm_exception_tag(const wasmvm_store *store, wasmvm_ref ref,
                                              wasmvm_tag *out);
WASMVM_API wasmvm_error *wasmvm_exception_get(const wasmvm_store *store, wasmvm_ref ref,
                                              size_t index, wasmvm_val *out);

/* ---- What guests get of the world ------------------------------------------------------------- */

/* Where a guest's output goes. It says how many bytes it has taken, or an errno, negative. It must
 * not use the store or the runtime of the guest. */
typedef ptrdiff_t (*wasmvm_write)(void *data, const uint8_t *bytes, size_t len);

/* WASI: by default no arguments, no environment, no directories, an empty input, outputs that go
 * nowhere, and made-up time and random numbers. The first argument is the program's name. */
WASMVM_API wasmvm_wasi *wasmvm_wasi_new(void);
/* Only if it was not taken. */
WASMVM_API void wasmvm_wasi_delete(wasmvm_wasi *config);
WASMVM_API wasmvm_error *wasmvm_wasi_arg(wasmvm_wasi *config, const char *arg);
WASMVM_API wasmvm_error *wasmvm_wasi_env(wasmvm_wasi *config, const char *key, const char *value);
WASMVM_API wasmvm_error *wasmvm_wasi_inherit_env(wasmvm_wasi *config);
/* A directory of the host's under a name; it is opened when the configuration is taken. */
WASMVM_API wasmvm_error *wasmvm_wasi_preopen(wasmvm_wasi *config, const char *host,
                                             const char *guest, bool read_only);
WASMVM_API wasmvm_error *wasmvm_wasi_stdin(wasmvm_wasi *config, const uint8_t *bytes, size_t len);
WASMVM_API wasmvm_error *wasmvm_wasi_stdout(wasmvm_wasi *config, wasmvm_write write, void *data,
                                            wasmvm_finalizer finalizer);
WASMVM_API wasmvm_error *wasmvm_wasi_stderr(wasmvm_wasi *config, wasmvm_write write, void *data,
                                            wasmvm_finalizer finalizer);
WASMVM_API wasmvm_error *wasmvm_wasi_inherit_stdio(wasmvm_wasi *config);
/* Real time and real random numbers. */
WASMVM_API wasmvm_error *wasmvm_wasi_inherit_system(wasmvm_wasi *config);

/* sys_fs and sys_proc: the same. */
WASMVM_API wasmvm_sysenv *wasmvm_sysenv_new(void);
WASMVM_API void wasmvm_sysenv_delete(wasmvm_sysenv *config);
WASMVM_API wasmvm_error *wasmvm_sysenv_arg(wasmvm_sysenv *config, const char *arg);
WASMVM_API wasmvm_error *wasmvm_sysenv_env(wasmvm_sysenv *config, const char *key,
                                           const char *value);
WASMVM_API wasmvm_error *wasmvm_sysenv_inherit_env(wasmvm_sysenv *config);
WASMVM_API wasmvm_error *wasmvm_sysenv_preopen(wasmvm_sysenv *config, const char *host,
                                               const char *guest, bool read_only);
WASMVM_API wasmvm_error *wasmvm_sysenv_stdin(wasmvm_sysenv *config, const uint8_t *bytes,
                                             size_t len);
WASMVM_API wasmvm_error *wasmvm_sysenv_stdout(wasmvm_sysenv *config, wasmvm_write write, void *data,
                                              wasmvm_finalizer finalizer);
WASMVM_API wasmvm_error *wasmvm_sysenv_stderr(wasmvm_sysenv *config, wasmvm_write write, void *data,
                                              wasmvm_finalizer finalizer);
WASMVM_API wasmvm_error *wasmvm_sysenv_inherit_stdio(wasmvm_sysenv *config);
WASMVM_API wasmvm_error *wasmvm_sysenv_inherit_system(wasmvm_sysenv *config);
/* The whole file system, unless there are preopened directories. */
WASMVM_API wasmvm_error *wasmvm_sysenv_ambient(wasmvm_sysenv *config);
WASMVM_API wasmvm_error *wasmvm_sysenv_cwd(wasmvm_sysenv *config, const char *path);

/* ---- The handle interface --------------------------------------------------------------------- */

/* Modules and instances as numbers (from 1 on, never used again), numbers converted by signature,
 * and nothing opened that the capabilities do not allow. Every instance has a store of its own.
 * Errors have a code besides: */
typedef enum wasmvm_code {
    WASMVM_COMPILE_ERROR = 5000,
    WASMVM_INSTANTIATE_ERROR = 5001,
    WASMVM_CALL_ERROR = 5002,
    WASMVM_EXPORT_NOT_FOUND = 5003,
    WASMVM_INVALID_MODULE_HANDLE = 5004,
    WASMVM_INVALID_INSTANCE_HANDLE = 5005,
    WASMVM_MEMORY_ERROR = 5006,
    WASMVM_TYPE_ERROR = 5007,
    WASMVM_IO_ERROR = 5008,
    WASMVM_PERMISSION_DENIED = 5009,
    WASMVM_WASI_ERROR = 5010,
    WASMVM_FUEL_EXHAUSTED = 5011
} wasmvm_code;

/* Nothing; everything; what a manifest allows. */
WASMVM_API wasmvm_capabilities *wasmvm_capabilities_new(void);
WASMVM_API wasmvm_capabilities *wasmvm_capabilities_all(void);
WASMVM_API wasmvm_error *wasmvm_capabilities_from_manifest(const char *path,
                                                           wasmvm_capabilities **out);
WASMVM_API void wasmvm_capabilities_delete(wasmvm_capabilities *capabilities);
/* Files of this pattern may be compiled too: ? * ** and ~ */
WASMVM_API wasmvm_error *wasmvm_capabilities_load(wasmvm_capabilities *capabilities,
                                                  const char *pattern);
/* This directory, and what is beneath, may be given to guests too. */
WASMVM_API wasmvm_error *wasmvm_capabilities_preopen(wasmvm_capabilities *capabilities,
                                                     const char *directory);

typedef enum wasmvm_value_kind {
    WASMVM_VALUE_INT = 0,   /* i64: any integer, made what the signature asks for */
    WASMVM_VALUE_FLOAT = 1, /* f64: any number, made what the signature asks for */
    WASMVM_VALUE_I32 = 2,
    WASMVM_VALUE_I64 = 3,
    WASMVM_VALUE_F32 = 4,
    WASMVM_VALUE_F64 = 5,
    WASMVM_VALUE_V128 = 6,
    WASMVM_VALUE_NULL = 7,
    WASMVM_VALUE_REF = 8 /* as a result only: a reference that is not null */
} wasmvm_value_kind;

typedef struct wasmvm_value {
    uint32_t kind; /* wasmvm_value_kind; never INT or FLOAT in results */
    union {
        int32_t i32;
        int64_t i64;
        float f32;
        double f64;
        uint8_t v128[16];
    } of;
} wasmvm_value;

/* Both stay the caller's; NULL is the default configuration, and no capabilities. */
WASMVM_API wasmvm_error *wasmvm_runtime_new(const wasmvm_config *config,
                                            const wasmvm_capabilities *capabilities,
                                            wasmvm_runtime **out);
WASMVM_API void wasmvm_runtime_delete(wasmvm_runtime *runtime);
WASMVM_API wasmvm_error *wasmvm_runtime_compile(wasmvm_runtime *runtime, const uint8_t *bytes,
                                                size_t len, uint64_t *module);
WASMVM_API wasmvm_error *wasmvm_runtime_compile_file(wasmvm_runtime *runtime, const char *path,
                                                     uint64_t *module);
WASMVM_API wasmvm_error *wasmvm_runtime_drop_module(wasmvm_runtime *runtime, uint64_t module);
WASMVM_API wasmvm_error *wasmvm_runtime_module_exports(wasmvm_runtime *runtime, uint64_t module,
                                                       wasmvm_types **out);
/* The configuration is taken, also if this fails; NULL is the default one. */
WASMVM_API wasmvm_error *wasmvm_runtime_instantiate(wasmvm_runtime *runtime, uint64_t module,
                                                    wasmvm_wasi *config, uint64_t *instance);
WASMVM_API wasmvm_error *wasmvm_runtime_drop_instance(wasmvm_runtime *runtime, uint64_t instance);
WASMVM_API wasmvm_error *wasmvm_runtime_instance_exports(wasmvm_runtime *runtime, uint64_t instance,
                                                         wasmvm_types **out);
/* Calls an export. If there is not enough room for the results, nothing happens. `results_len` may
 * be NULL. */
WASMVM_API wasmvm_error *wasmvm_runtime_call(wasmvm_runtime *runtime, uint64_t instance,
                                             const char *name, const wasmvm_value *args,
                                             size_t args_len, wasmvm_value *results,
                                             size_t capacity, size_t *results_len);
/* The memory exported as "memory", else the first one that is exported. */
WASMVM_API wasmvm_error *wasmvm_runtime_memory_size(wasmvm_runtime *runtime, uint64_t instance,
                                                    uint64_t *bytes);
WASMVM_API wasmvm_error *wasmvm_runtime_memory_read(wasmvm_runtime *runtime, uint64_t instance,
                                                    uint64_t at, uint8_t *bytes, size_t len);
WASMVM_API wasmvm_error *wasmvm_runtime_memory_write(wasmvm_runtime *runtime, uint64_t instance,
                                                     uint64_t at, const uint8_t *bytes, size_t len);
WASMVM_API wasmvm_error *wasmvm_runtime_memory_grow(wasmvm_runtime *runtime, uint64_t instance,
                                                    uint64_t pages, uint64_t *old);
/* With how much fuel instances made from now on begin. */
WASMVM_API void wasmvm_runtime_set_initial_fuel(wasmvm_runtime *runtime, uint64_t fuel);
WASMVM_API wasmvm_error *wasmvm_runtime_set_fuel(wasmvm_runtime *runtime, uint64_t instance,
                                                 uint64_t fuel);
WASMVM_API wasmvm_error *wasmvm_runtime_fuel(wasmvm_runtime *runtime, uint64_t instance,
                                             uint64_t *fuel);
WASMVM_API wasmvm_error *wasmvm_runtime_interrupt(wasmvm_runtime *runtime, uint64_t instance,
                                                  wasmvm_interrupt **out);

#ifdef __cplusplus
}
#endif

#endif
