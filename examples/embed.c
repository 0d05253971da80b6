/* A host in C: a plugin calls a function of ours, and we call its. docs/c-api.md says how to build
 * this. */
#include <stdio.h>

#include "wasmvm.h"

/* Every function that can fail returns NULL, or an error that is now ours. */
#define TRY(call) do { if ((error = (call)) != NULL) goto done; } while (0)

static wasmvm_error *host_log(void *data, wasmvm_caller *caller, const wasmvm_val *args,
                              wasmvm_val *results) {
    uint8_t *bytes;
    uint32_t at = (uint32_t)args[0].i32, len = (uint32_t)args[1].i32;
    /* Out of bounds is an error, which becomes a trap in the guest. */
    wasmvm_error *error = wasmvm_caller_slice(caller, at, len, &bytes);
    (void)results;
    if (error == NULL) {
        fputs("the guest says: ", data);
        fwrite(bytes, 1, len, data);
        fputs("\n", data);
    }
    return error;
}

int main(int argc, char **argv) {
    int status = 1;
    wasmvm_error *error = NULL;
    wasmvm_engine *engine = NULL;
    wasmvm_module *module = NULL;
    wasmvm_linker *linker = NULL;
    wasmvm_store *store = NULL;
    wasmvm_instance instance; /* what is inside a store is a plain value */
    wasmvm_func greet, add, boom;
    wasmvm_val args[2], sum;
    wasmvm_frame frame;

    if (argc != 2) {
        fprintf(stderr, "usage: %s plugin.wasm\n", argv[0]);
        return 2;
    }
    TRY(wasmvm_engine_new(NULL, &engine));
    TRY(wasmvm_module_from_file(engine, argv[1], &module));
    linker = wasmvm_linker_new(engine);
    TRY(wasmvm_linker_func(linker, "env", "log", "(ii)->", host_log, stdout, NULL));
    store = wasmvm_store_new(engine, NULL, NULL);
    TRY(wasmvm_linker_instantiate(linker, store, module, &instance));

    TRY(wasmvm_instance_func(store, instance, "greet", "()->", &greet));
    TRY(wasmvm_func_call(store, greet, NULL, 0, NULL, 0));

    /* The signature is checked here, once. */
    TRY(wasmvm_instance_func(store, instance, "add", "(ii)->i", &add));
    args[0] = wasmvm_i32(2);
    args[1] = wasmvm_i32(3);
    TRY(wasmvm_func_call(store, add, args, 2, &sum, 1));
    printf("2 + 3 = %d\n", sum.i32);

    TRY(wasmvm_instance_func(store, instance, "boom", "()->", &boom));
    error = wasmvm_func_call(store, boom, NULL, 0, NULL, 0);
    if (wasmvm_error_get_kind(error) == WASMVM_TRAP && wasmvm_error_frame(error, 0, &frame)) {
        printf("trap: %s in `%s`\n", wasmvm_error_reason(error), frame.name);
        wasmvm_error_delete(error);
        error = NULL;
        status = 0;
    }
done:
    if (error != NULL) {
        fprintf(stderr, "%s\n", wasmvm_error_message(error)); /* with the backtrace */
        wasmvm_error_delete(error);
    }
    wasmvm_store_delete(store);
    wasmvm_linker_delete(linker);
    wasmvm_module_delete(module);
    wasmvm_engine_delete(engine);
    return status;
}
