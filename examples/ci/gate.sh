#!/bin/sh
# Makes versions, promotes the best of them if it meets the gate, and says what is in use.
#
#   gate.sh ALIAS REQUIRE GOAL COMMAND [ARG ...]
#
#   ALIAS    the alias to move, such as production
#   REQUIRE  a condition that the version must meet, such as 'val_mse < 3100'
#   GOAL     min:METRIC or max:METRIC: the best by it of what COMMAND made on the current branch is
#            the candidate, and must be at least as good in it as what the alias is at
#   COMMAND  makes versions: a training run, or `ckpt commit`
#
# CKPT names the program [default: ckpt], CKPT_REPO the folder that holds .ckpt [default: the
# current one], GATE_MESSAGE what to put on record with the move.
#
# Exit codes: 0 promoted, 3 the gate is not met and nothing moved, 2 wrong usage, 4 another job was
# faster, 1 COMMAND or ckpt failed, or COMMAND made nothing.
set -eu

usage() {
    echo "usage: gate.sh ALIAS REQUIRE GOAL COMMAND [ARG ...]" >&2
    exit 2
}
[ "$#" -ge 4 ] || usage
alias_name=$1
require=$2
goal=$3
shift 3
case $goal in
    min:?* | max:?*) metric=${goal#???:} ;;
    *) usage ;;
esac

run() {
    "${CKPT:-ckpt}" --repo "${CKPT_REPO:-.}" "$@"
}

# Prints all versions of all branches, as JSON. What fails ends the subshell that this runs in: a
# version that is overlooked here would later pass for a new one.
versions() {
    branches=$(run branch --json) || exit 1
    tips=$(echo "$branches" | tr ',' '\n' | sed -n 's/.*"version":"\([0-9a-f]*\)".*/\1/p')
    for tip in $tips; do
        run log "$tip" --json || exit 1
    done
}

# Reads versions as JSON, an empty line, and the versions of the current branch, the newest first.
# Prints the id of the best of those that only the second list has. Ends with 1 if it has no others,
# with 3 if none of them has the metric.
best() {
    GOAL=$goal METRIC=$metric LC_ALL=C awk -F '"' '
        BEGIN { sign = ENVIRON["GOAL"] ~ /^max:/ ? -1 : 1; key = ",\"" ENVIRON["METRIC"] "\":" }
        $0 == "" { is_after = 1; next }
        !is_after { known[$4]; next }
        $4 in known { next }
        {
            made++
            id = $4
            sub(/.*"metrics":[{]/, ",")
            start = index($0, key)
            value = substr($0, start + length(key))
            if (!start || value ~ /^null/) next
            if (best == "" || sign * value < least) { best = id; least = sign * value }
        }
        END { if (best != "") print best; else exit (made ? 3 : 1) }
    '
}

# The first job of all has no repository yet.
[ -d "${CKPT_REPO:-.}/.ckpt" ] || run init || exit 1
before=$(versions) || exit 1

echo "== making versions: $*"
status=0
"$@" || status=$?
if [ "$status" -ne 0 ]; then
    # Its exit codes are its own: 3 would not be the gate's.
    echo "gate: $1 failed with exit code $status, $alias_name stays where it is" >&2
    exit 1
fi

echo "== gate of $alias_name: $require, and no worse than now in $goal"
after=$(run log --json) || exit 1
candidate=$(printf '%s\n\n%s\n' "$before" "$after" | best) || status=$?
case $status in
    0)
        run promote "$candidate" "$alias_name" --require "$require" --no-worse-than "$goal" \
            --message "${GATE_MESSAGE:-}" || status=$?
        ;;
    1) echo "gate: $1 made no version on the current branch" >&2 ;;
    3) echo "gate: no version that $1 made has a metric $metric that is a number" >&2 ;;
esac

case $status in
    0) echo "gate: passed" ;;
    3) echo "gate: not met, $alias_name stays where it is" >&2 ;;
    4) echo "gate: another job moved $alias_name meanwhile, run this one again" >&2 ;;
    2) echo "gate: not decided, ckpt was called in a wrong way" >&2 ;;
    *)
        echo "gate: not decided, exit code $status" >&2
        status=1
        ;;
esac

echo "== in $alias_name:"
run log "$alias_name" -n 1 2>/dev/null || echo "nothing yet"

# For users, whatever the verdict; a page that cannot be written changes no verdict.
run report --output report.html || echo "gate: no report was written" >&2

exit "$status"
