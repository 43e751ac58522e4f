#!/usr/bin/env bash
# The tour of the README from a terminal: prints every command and what it prints. Takes the program as its only
# argument; works in the current, empty folder.
set -uo pipefail
PATH="$(dirname "$1"):$PATH"

start() {
  rm -f ready
  irongate serve --listen 127.0.0.1:0 --data-dir data --ready-file ready >serve.log 2>&1 &
  server=$!
  until [ -s ready ]; do kill -0 "$server" || { cat serve.log; exit 1; }; done
  IRONGATE_SERVICE_ADDR=$(cat ready)
  export IRONGATE_SERVICE_ADDR
}
trap 'kill -9 "$server" 2>/dev/null' EXIT

run() {
  printf '$ %s\n' "$1"
  bash -c "$1" 2>&1
  local code=$?
  [ "$code" = 0 ] || printf '(exit code %s)\n' "$code"
}

printf '$ irongate serve &\n'
start
cat >user-events.json <<'SCHEMA'
{
  "type": "object",
  "properties": {
    "user_id": {"type": "string"},
    "action": {"type": "string"},
    "timestamp": {"type": "string", "format": "date-time"}
  },
  "required": ["user_id", "action"]
}
SCHEMA
run 'irongate schema register user-events --type json_schema --file user-events.json'
run "irongate produce -t /default/user-events --schema-subject user-events --reliable -m '{\"user_id\":123}'"
run "irongate produce -t /default/user-events --schema-subject user-events --reliable -m '{\"user_id\":\"u123\",\"action\":\"login\"}'"
printf '$ kill -9 %%1; irongate serve &\n'
{ kill -9 "$server"; wait "$server"; } 2>/dev/null
start
run 'irongate consume -t /default/user-events --from earliest --no-follow'
run "irongate produce -t /default/user-events -m '{\"action\":\"logout\"}'"
run 'irongate topics'
