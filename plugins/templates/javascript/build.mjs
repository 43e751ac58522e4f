// Makes the component: `node vendor/irongate/build.mjs NAME.wasm`, from the project's folder. `irongate plugin build` calls it.

import { readFile, writeFile } from 'node:fs/promises';
import { componentize } from '@bytecodealliance/componentize-js';

const output = process.argv[2];
// One file goes into a component, so what it imports as text is put in place.
const source = (await readFile('transform.js', 'utf8')).replace(
  /^import (\w+) from '\.\/configuration\.json';$/m,
  `const $1 = ${JSON.stringify(await readFile('configuration.json', 'utf8'))};`,
);
const { component } = await componentize(source, {
  witPath: 'vendor/irongate/wit/transform.wit',
  worldName: 'transform',
  sourceName: 'transform.js',
  // Without these the component imports the interface alone: a transform needs no grant that it did not ask for.
  disableFeatures: ['random', 'stdio', 'clocks', 'http', 'fetch-event'],
});
await writeFile(output, component);
