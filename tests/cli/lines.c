/* clang --target=wasm32 -g -O1 -nostdlib -Wl,--no-entry \
 *   -fdebug-prefix-map="$PWD"=. lines.c -o lines.wasm */
__attribute__((noinline))
int divide(int a, int b) {
    return a / b;
}

__attribute__((noinline)) int twice(int a, int b) {
    return divide(a, b) + divide(b, a);
}

__attribute__((export_name("_start"))) void start(void) {
    if (twice(0, 7) > 0) __builtin_trap();
}
