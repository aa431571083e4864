#!/bin/sh
# C as .clang-format (version 14) writes it. Usage: format.sh ROOT [--write]
# Without clang-format-14 it ends with 77: skipped.
set -eu
cd "$1"
tool=$(command -v clang-format-14) || { echo "SKIPPED: clang-format-14 is not installed"; exit 77; }
mode="--dry-run --Werror"
[ "${2:-}" = --write ] && mode=-i
# shellcheck disable=SC2086
find runtime tests -name node_modules -prune -o \( -name '*.[ch]' -print0 \) | xargs -0 "$tool" $mode
