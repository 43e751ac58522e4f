#!/usr/bin/env bash
# The product's promise as commands: register a schema, be told what is wrong with a
# message, correct it, send it, read where it went, kill the server, find all of it
# again. Takes the program as its only argument; works in the current, empty folder.
set -euo pipefail
irongate=$1

say() { printf '%s\n' "$*"; }
fail() { say "FAILED: $*" >&2; exit 1; }

start() {
  rm -f ready
  "$irongate" serve --listen 127.0.0.1:0 --data-dir data --ready-file ready >>serve.log 2>&1 &
  server=$!
  for _ in $(seq 200); do
    [ -s ready ] && { url=$(cat ready); return; }
    kill -0 "$server" 2>/dev/null || { cat serve.log; fail "the server ended before it was ready"; }
    sleep 0.05
  done
  fail "the server was not ready within 10 s"
}
trap 'kill -9 "$server" 2>/dev/null || true' EXIT

cat >user-events.json <<'SCHEMA'
{
  "type": "object",
  "properties": {
    "user_id": {"type": "string"},
    "action": {"type": "string"}
  },
  "required": ["user_id"]
}
SCHEMA

say "1. register the schema"
start
"$irongate" schema register user-events --type json_schema --file user-events.json -s "$url"

say "2. an invalid message is refused, with exit code 3 and the place of the mistake"
code=0
"$irongate" -s "$url" produce -t /default/user-events --schema-subject user-events --reliable \
  -m '{"user_id":123}' >invalid.txt 2>&1 || code=$?
cat invalid.txt
[ "$code" = 3 ] || fail "exit code $code where 3 was expected"
grep -q '/user_id' invalid.txt || fail "the place in the data is not named"
grep -q '/properties/user_id/type' invalid.txt || fail "the place in the schema is not named"
grep -q 'line 1, column 12' invalid.txt || fail "line and column are not named"

say "3. corrected, it is sent, and its place is told"
"$irongate" produce -s "$url" -t /default/user-events --schema-subject user-events --reliable \
  -m '{"user_id":"u123"}' --json >sent.json
cat sent.json
grep -q '"topic":"/default/user-events"' sent.json || fail "the topic is not told"
grep -q '"offset":0' sent.json || fail "the offset is not told"

say "4. kill -9, start again: message, schema and topic are still there"
kill -9 "$server"
wait "$server" 2>/dev/null || true
start
"$irongate" consume -s "$url" -t /default/user-events --from earliest --no-follow --json >consumed.json
cat consumed.json
grep -q 'u123' consumed.json || fail "the message is gone"
[ "$(wc -l <consumed.json)" = 1 ] || fail "one message was sent, $(wc -l <consumed.json) are there"
"$irongate" schema versions user-events -s "$url" --json | tee versions.json
grep -q '"version":1' versions.json || fail "the schema is gone"
"$irongate" topics -s "$url" --json | tee topics.json
grep -q '"topic":"/default/user-events"' topics.json || fail "the topic is gone"

say "5. the topic still refuses what its schema forbids, whoever sends it"
code=0
"$irongate" produce -s "$url" -t /default/user-events -m '{"user_id":123}' >again.txt 2>&1 || code=$?
[ "$code" = 3 ] || { cat again.txt; fail "exit code $code where 3 was expected"; }

say "all is as promised"
