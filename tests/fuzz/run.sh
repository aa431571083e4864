#!/bin/sh
# Looks for inputs that break a target, with libFuzzer.
#   tests/fuzz/run.sh SECONDS [TARGET ...]      so long for each target; default: all of targets/
# Builds build-fuzz/ with clang-14 (CLANG and FUZZ_BUILD say otherwise), keeps what it learns in
# build-fuzz/corpus/ and what breaks in build-fuzz/broken/; FUZZ_JOBS targets run at a time (default 2).
# FUZZ_SEED=n begins the same search every time (fuzz/search of `make test`: a change is judged by what it changed, not by
# luck); without it every search is another (`make test-full`).
# Without a clang that has libFuzzer it ends with 77: skipped.
set -eu
cd "$(dirname "$0")/../.."

clang=${CLANG:-clang-14}
build=${FUZZ_BUILD:-build-fuzz}
jobs=${FUZZ_JOBS:-2}
seconds=${1:?how many seconds for each target}
shift

has_libfuzzer() {
    command -v "$clang" > /dev/null || return 1
    probe=$(mktemp -d)
    echo 'int LLVMFuzzerTestOneInput(const char *b, unsigned long n); int LLVMFuzzerTestOneInput(const char *b, unsigned long n) { return b == 0 && n; }' > "$probe/probe.c"
    found=0
    "$clang" -fsanitize=fuzzer,address "$probe/probe.c" -o "$probe/probe" > /dev/null 2>&1 || found=1
    rm -rf "$probe"
    return $found
}

compile() {
    mkdir -p "$build"
    { cmake -S . -B "$build" -G Ninja -DCMAKE_C_COMPILER="$clang" -DCMAKE_BUILD_TYPE=Debug -DCMAKE_C_FLAGS=-O1 \
        -DSANITIZE=address,undefined -DHEADGATE_FUZZ=ON -DHEADGATE_WEB=off &&
        cmake --build "$build" --target fuzz; } > "$build/fuzz.log" 2>&1 ||
        { tail -n 60 "$build/fuzz.log"; return 1; }
}

# One target, for so long. A finding is printed with the command that shows it again.
search() {
    target=$1
    learnt=$build/corpus/$target
    log=$build/fuzz-$target.log
    mkdir -p "$learnt" "$build/broken"
    dictionary=tests/fuzz/dict/$target.dict
    [ -f "$dictionary" ] && set -- "-dict=$dictionary" || set --
    if "$build/tests/fuzz/fuzz_$target" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=2048 -max_len=4096 \
        -seed="${FUZZ_SEED:-0}" -print_final_stats=1 -artifact_prefix="$build/broken/$target-" "$@" \
        "$learnt" "tests/fuzz/corpus/$target" > "$log" 2>&1; then
        printf '%-10s %9s runs, %s\n' "$target" "$(sed -n 's/^stat::number_of_executed_units: //p' "$log")" \
            "$(grep -o 'cov: [0-9]* ft: [0-9]* corp: [0-9]*' "$log" | tail -n 1)"
        return 0
    fi
    input=$(sed -n 's/.*Test unit written to //p' "$log" | tail -n 1)
    echo "$target: broken"
    grep -v '^#[0-9]' "$log" | tail -n 40
    echo "Again:   $build/tests/fuzz/fuzz_$target ${input:-(no input was written)}"
    echo "Smaller: $build/tests/fuzz/fuzz_$target -minimize_crash=1 -max_total_time=60 ${input:-}"
    echo "When it is mended, keep the input: cp ${input:-} tests/fuzz/corpus/$target/found-<what it was>"
    return 1
}

if [ "$seconds" = --search ]; then
    seconds=$1
    search "$2"
    exit
fi

has_libfuzzer || { echo "SKIPPED: no $clang with libFuzzer (packages clang-14, libclang-rt-14-dev)"; exit 77; }
compile
[ $# -gt 0 ] || set -- $(cd tests/fuzz/targets && ls -- *.c | sed 's/\.c$//')
printf '%s\n' "$@" | CLANG=$clang FUZZ_BUILD=$build xargs -P "$jobs" -n 1 sh tests/fuzz/run.sh --search "$seconds"
