#!/bin/sh
# Fault points and seeded bugs are in test builds only. Usage: faults.sh ROOT BINARY FAULTS BUGS (ON or OFF)
set -u
root=$1 binary=$2 faults=$3 bugs=$4
wrong=0
complain() { echo "$1" >&2; wrong=1; }

# Who asks for their variables is compiled out as a whole.
readers=$(cd "$root" && grep -rlE 'getenv\("HEADGATE_(FAULT|BUG)' runtime)
[ "$readers" = runtime/base/fault.c ] || complain "HEADGATE_FAULT, HEADGATE_BUG are read outside of runtime/base/fault.c: $readers"
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
for file in base/fault db/fault db/bug; do
    [ -f "$root/runtime/$file.c" ] || continue
    ${CC:-cc} -std=gnu17 -D_GNU_SOURCE -I"$root/runtime" $(pkg-config --cflags libpq) -c "$root/runtime/$file.c" \
        -o "$folder/fault.o" || { complain "$file.c does not compile without the option"; continue; }
    [ -z "$(nm --defined-only "$folder/fault.o")" ] || complain "$file.c leaves something in a release build"
done

# VARIABLE SWITCH: the binary at hand knows the variable exactly when its option is on.
knows() {
    if grep -q "$1" "$binary"; then found=ON; else found=OFF; fi
    [ "$found" = "$2" ] || complain "$binary was built with $2, and knows of $1: $found"
}
knows 'HEADGATE_FAULT_ONCE' "$faults"
knows 'HEADGATE_BUG' "$bugs"
exit $wrong
