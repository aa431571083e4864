#!/bin/sh
# The generated pages are the committed ones. Usage: docs.sh ROOT HEADGATE [--write]
# "headgate docs" prints one line a page: its name and its file.
set -eu
cd "$1"
headgate=$2
status=0
pages=0
list=$("$headgate" docs)
page=$(mktemp)
trap 'rm -f "$page"' EXIT
while read -r name file; do
    pages=$((pages + 1))
    "$headgate" docs "$name" > "$page"
    if [ "${3:-}" = --write ]; then
        mkdir -p "$(dirname "$file")"
        cmp -s "$page" "$file" || cp "$page" "$file"
    elif ! diff -u "$file" "$page"; then
        echo "$file differs from 'headgate docs $name': tests/style/docs.sh ROOT HEADGATE --write" >&2
        status=1
    fi
done <<LIST
$list
LIST
[ "$pages" -gt 0 ] || { echo "headgate docs names no page" >&2; exit 1; }
exit $status
