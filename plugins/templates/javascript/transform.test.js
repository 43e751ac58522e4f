// The transform's own tests, in Node and without WebAssembly. The host's part is vendor/irongate/testing/host.mjs.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { host } from 'irongate:transform/testing';
import { guest } from './transform.js';

const record = (text) => ({ topic: '/default/words', attributes: [], publishTimeMs: 0n, payload: new TextEncoder().encode(text) });

test('a record is marked', () => {
  guest.configure('{"mark": "seen"}');
  const [outcome] = guest.transform([record('hello')]);
  assert.equal(outcome.tag, 'emit');
  assert.deepEqual(outcome.val[0].attributes, [['mark', 'seen']]);
  assert.equal(host.counters.get('marked_records_total'), 1n);
});

test('an empty record is dropped', () => {
  guest.configure('{"mark": "seen"}');
  assert.deepEqual(guest.transform([record('')]), [{ tag: 'drop' }]);
});

test('an empty mark is refused', () => {
  assert.throws(() => guest.configure('{"mark": ""}'), /mark/);
});
