// What a transform imports, for tests in Node: remembers what it is told and keeps state in memory. Keeps no limits; the host does.

export const host = { counters: new Map(), lines: [], state: new Map() };

export function log(level, message) {
  host.lines.push({ level, message });
}

export function add(name, amount) {
  host.counters.set(name, (host.counters.get(name) ?? 0n) + amount);
}

export function get(key) {
  return host.state.get(key);
}

export function set(key, value) {
  host.state.set(key, value);
}

function remove(key) {
  host.state.delete(key);
}
export { remove as delete };
