#!/bin/sh
# effect.sh do WHAT: notes it in $EFFECTS, once for each key. effect.sh ask WHAT: was it noted?
line="$2 $HEADGATE_IDEMPOTENCY_KEY"
case $1 in
do) { [ -e "$EFFECTS" ] && grep -qxF "$line" "$EFFECTS"; } || echo "$line" >>"$EFFECTS" ;;
ask) [ -e "$EFFECTS" ] && grep -q "^$2 " "$EFFECTS" ;;
esac
