#!/bin/sh
# Makes a version, promotes the best one if it meets the gate, and says what is in use.
#
#   gate.sh ALIAS REQUIRE GOAL COMMAND [ARG ...]
#
#   ALIAS    the alias to move, such as production
#   REQUIRE  a condition that the version must meet, such as 'val_mse < 3100'
#   GOAL     min:METRIC or max:METRIC: the best version of the current branch by it is the
#            candidate, and must be at least as good in it as what the alias is at
#   COMMAND  makes versions: a training run, or `ckpt commit`
#
# CKPT names the program [default: ckpt], GATE_MESSAGE what to put on record with the move.
#
# Exit codes: 0 promoted, 3 the gate is not met and nothing moved, 2 wrong usage, 4 another job was
# faster, 1 COMMAND or ckpt failed.
set -eu

if [ "$#" -lt 4 ]; then
    echo "usage: gate.sh ALIAS REQUIRE GOAL COMMAND [ARG ...]" >&2
    exit 2
fi
alias_name=$1
require=$2
goal=$3
shift 3
ckpt=${CKPT:-ckpt}

# The first job of all has no repository yet.
[ -d .ckpt ] || "$ckpt" init

echo "== making versions: $*"
status=0
"$@" || status=$?
if [ "$status" -ne 0 ]; then
    # Its exit codes are its own: 3 would not be the gate's.
    echo "gate: no versions were made, $1 ended with exit code $status" >&2
    exit 1
fi

echo "== gate of $alias_name: $require, and no worse than now in $goal"
status=0
"$ckpt" promote "$goal" "$alias_name" --require "$require" --no-worse-than "$goal" \
    --message "${GATE_MESSAGE:-}" || status=$?

case $status in
    0) echo "gate: passed" ;;
    3) echo "gate: not met, $alias_name stays where it is" >&2 ;;
    4) echo "gate: another job moved $alias_name meanwhile, run this one again" >&2 ;;
    *) echo "gate: not decided, ckpt ended with exit code $status" >&2 ;;
esac

echo "== in $alias_name:"
"$ckpt" log "$alias_name" -n 1 2>/dev/null || echo "nothing yet"

# For people, whatever came out; a page that cannot be written changes no verdict.
"$ckpt" report --output report.html || echo "gate: no report was written" >&2

exit "$status"
