#!/bin/sh
# Runs the tests of everything that is `unsafe` under Valgrind, which tells of every access outside of what was asked for,
# and of every decision that depends on memory which nobody has written. Some six minutes.
#
# Valgrind knows AVX2, but not AVX-512: kernels choose what it offers, so that AVX2's and the portable ones are checked.
#
# Needs `valgrind`, on x86-64.
set -eu
cd "$(dirname "$0")/.."
built=$(cargo test --locked --lib --no-run 2>&1) || {
    echo "$built" >&2
    exit 1
}
program=$(echo "$built" | sed -n 's/^ *Executable unittests src\/lib.rs (\(.*\))$/\1/p')
exec valgrind --quiet --error-exitcode=1 "$program" --test-threads=1 cpu::kernels
