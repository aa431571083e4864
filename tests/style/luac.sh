#!/bin/sh
# Every Lua file of scripts, plans and tests compiles. Usage: luac.sh ROOT
set -eu
cd "$1"
tool=$(command -v luac5.4) || { echo "SKIPPED: luac5.4 is not installed"; exit 77; }
for file in $(find scripts plans tests -name node_modules -prune -o -name '*.lua' -print); do
    case $file in tests/data/*) continue ;; esac # wrong on purpose
    "$tool" -p "$file"
done
