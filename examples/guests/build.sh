#!/usr/bin/env bash
# Builds examples/*.wasm from their sources. Needs clang, lld and wasi-libc
# (Debian: apt-get install clang lld wasi-libc libclang-rt-dev-wasm32).
set -euo pipefail
cd "$(dirname "$0")"
clang --target=wasm32-wasi -Oz -Wall -Wextra -Werror -Wl,--strip-all hello.c -o ../hello.wasm
ls -l ../hello.wasm
