#!/bin/sh
# make test-full: what takes longer than a usual test run. Goes on after a failure and sums up at the end.
#   tests/full.sh [STEP ...]     only these steps
set -u
cd "$(dirname "$0")/.."

UNIT_SECONDS=1200
failed=""

# Configures and builds a folder, with warnings as errors; shows the log only when something is wrong.
build() {
    folder=$1
    shift
    mkdir -p "$folder"
    { cmake -S . -B "$folder" -G Ninja "$@" && cmake --build "$folder"; } > "$folder/full.log" 2>&1 ||
        { tail -n 60 "$folder/full.log"; return 1; }
}

unit() { ctest --test-dir "$1" -L '^(unit|lua)$' -j2 --output-on-failure; }

step_test() { make test; }

step_gcc_release() {
    build build-release -DCMAKE_BUILD_TYPE=Release -DCMAKE_C_FLAGS=-Werror && unit build-release
}

step_clang() {
    build build-clang -DCMAKE_C_COMPILER=clang-14 -DCMAKE_BUILD_TYPE=Debug -DSANITIZE=address,undefined \
        -DCMAKE_C_FLAGS=-Werror && unit build-clang
}

# What these prove are limits of wall-clock time, which valgrind's slowness breaks; the sanitizers watch their memory.
# In test_login a crowd waits for hashes of 50 ms each and for 5 s at most; here one takes 1.5 s.
TIMED="unit_bind_test_plan unit_data_test_backfill unit_script_test_state unit_server_test_login unit_server_test_stream"

# The executables themselves, not through CTest: what they call (shells, servers) is not ours to watch.
step_valgrind() {
    build build-release -DCMAKE_BUILD_TYPE=Release -DCMAKE_C_FLAGS=-Werror || return 1
    wrong=0
    for test in build-release/tests/unit/unit_*; do
        [ -x "$test" ] && [ -f "$test" ] || continue
        case " $TIMED " in *" ${test##*/} "*) echo "valgrind: skipped ${test##*/}: it measures time"; continue ;; esac
        timeout "$UNIT_SECONDS" valgrind -q --fair-sched=yes --error-exitcode=9 --leak-check=full --errors-for-leak-kinds=definite \
            "$test" > build-release/valgrind.log 2>&1 && continue
        echo "valgrind: $test"
        tail -n 40 build-release/valgrind.log
        wrong=1
    done
    return $wrong
}

step_fuzz() { sh tests/fuzz/run.sh 60; }
step_crash() { make crash; }

# Malformed streams, against the build with AddressSanitizer.
step_wire() {
    build build-asan -DSANITIZE=address,undefined -DCMAKE_BUILD_TYPE=Debug -DCMAKE_C_FLAGS=-O1 || return 1
    HEADGATE_BIN="$PWD/build-asan/headgate" node tests/run.mjs --script wire/streams.ts
}

# The end-to-end tests with headgate as the role of docs/access.md, which is no superuser.
step_least_role() {
    build build-asan -DSANITIZE=address,undefined -DCMAKE_BUILD_TYPE=Debug -DCMAKE_C_FLAGS=-O1 || return 1
    HEADGATE_BIN="$PWD/build-asan/headgate" node tests/run.mjs --script role/least.ts
}

step_bench() { make bench && make bench-dashboard; }

# Every plan back from every boundary, and killed at 20 random moments; the check-list whose negative test is long.
step_plans() {
    build build-release -DCMAKE_BUILD_TYPE=Release -DCMAKE_C_FLAGS=-Werror || return 1
    HEADGATE_BIN="$PWD/build-release/headgate" node tests/run.mjs --script plans/plans.ts || return 1
    HEADGATE_FULL=1 HEADGATE_BIN="$PWD/build-release/headgate" node tests/run.mjs e2e plan-fluxstudio-boxes
}

for step in ${*:-test gcc_release clang valgrind fuzz wire least_role crash plans bench}; do
    echo "== $step"
    "step_$step" || failed="$failed $step"
done
[ -z "$failed" ] || { echo "failed:$failed"; exit 1; }
echo "all passed; figures stand in build/figures"
