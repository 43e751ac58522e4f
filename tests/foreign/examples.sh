#!/usr/bin/env bash
# Runs the examples that Danube's own Rust client publishes, unchanged, against a host on fresh data, and says which pass.
#
#   IRONGATE_BIN=target/release/irongate tests/foreign/examples.sh
#
# The examples name http://127.0.0.1:6650, so nothing else may listen there; and the consumers never end by themselves, so each is
# stopped once it has printed what it received. That is why this is a script and not a test. Building them needs a protoc
# (PROTOC, as for the other foreign tests) and takes minutes.
set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
binary=${IRONGATE_BIN:?names the built host}
binary=$(realpath "$binary")
target=${CARGO_TARGET_DIR:-$root/target}/danube-examples
patience_s=${IRONGATE_EXAMPLE_PATIENCE_S:-30}

manifest=$(cd "$root" && cargo metadata --format-version 1 |
    python3 -c 'import json, sys; print(next(p["manifest_path"] for p in json.load(sys.stdin)["packages"] if p["name"] == "danube-client"))')
cargo build --quiet --examples --locked --manifest-path "$manifest" --target-dir "$target"
examples=$target/debug/examples

folder=$(mktemp -d)
children=()
finish() {
    for child in "${children[@]}"; do kill "$child" 2>/dev/null || true; done
    wait
    rm -rf "$folder"
}
trap finish EXIT

# Waits until a file holds the text, or fails.
holds() {
    for _ in $(seq $((patience_s * 10))); do
        if grep -q "$2" "$1" 2>/dev/null; then return 0; fi
        sleep 0.1
    done
    return 1
}

start_host() {
    "$binary" serve --listen 127.0.0.1:6650 --data-dir "$folder/$1" >"$folder/$1.host" 2>&1 &
    host=$!
    children+=("$host")
    holds "$folder/$1.host" "listens on" || { cat "$folder/$1.host"; exit 1; }
}

stop_host() {
    kill "$host"
    wait "$host" || true
}

failed=0
verdict() {
    if [ "$2" = 0 ]; then echo "ok      $1"; return; fi
    echo "FAILED  $1"
    tail -n 5 "$folder/out."* || true
    failed=1
}

# An example that ends by itself.
alone() {
    start_host "$1"
    local code=0
    timeout $((patience_s * 2)) "$examples/$1" >"$folder/out.$1" 2>&1 || code=$?
    verdict "$1" "$code"
    stop_host
    rm -f "$folder/out."*
}

# A producer and consumers, each of which must say that it received something. A consumer of a topic that nobody has
# created is refused, so the producer comes first.
together() {
    local producer=$1 code=0 pids=() count=0
    start_host "$producer"
    "$examples/$producer" >"$folder/out.$producer" 2>&1 &
    pids+=($!)
    holds "$folder/out.$producer" "created" || code=1
    for consumer in "${@:2}"; do
        count=$((count + 1))
        # shellcheck disable=SC2086 # the first word is the program, the others its arguments
        "$examples/"$consumer >"$folder/out.consumer-$count" 2>&1 &
        pids+=($!)
    done
    children+=("${pids[@]}")
    for number in $(seq "$count"); do
        holds "$folder/out.consumer-$number" 'eceived\|📥' || code=1
    done
    verdict "$producer with ${*:2}" "$code"
    kill "${pids[@]}" 2>/dev/null || true
    wait "${pids[@]}" 2>/dev/null || true
    stop_host
    rm -f "$folder/out."*
}

alone simple_producer_consumer
alone schema_evolution
together json_producer json_consumer
together json_producer json_consumer_validated
together avro_producer avro_consumer
together partitions_producer partitions_consumer
together reliable_dispatch_producer reliable_dispatch_consumer
together key_shared_producer "key_shared_consumer one"
together key_shared_producer "key_shared_filtered_consumer payments" "key_shared_filtered_consumer logistics"
exit "$failed"
