#!/usr/bin/env bash
# Builds examples/*.wasm from their sources. Needs clang, lld and wasi-libc
# (Debian: apt-get install clang lld wasi-libc libclang-rt-dev-wasm32).
set -euo pipefail
cd "$(dirname "$0")"
flags=(-Oz -Wall -Wextra -Werror -Wl,--strip-all)
clang --target=wasm32-wasi "${flags[@]}" hello.c -o ../hello.wasm
# Without a C library, in both widths.
bare=(-nostdlib -fno-builtin -Wl,--no-entry)
clang --target=wasm32 "${flags[@]}" "${bare[@]}" sysenv.c -o ../sysenv32.wasm
clang --target=wasm64 "${flags[@]}" "${bare[@]}" sysenv.c -o ../sysenv64.wasm
ls -l ../*.wasm
