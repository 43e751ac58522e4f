// For tests in Node: gives the imports of the interface the doubles of host.mjs, and configuration.json as text, as the build does.

import { register } from 'node:module';

const hooks = `
const host = ${JSON.stringify(new URL('host.mjs', import.meta.url).href)};
export async function resolve(specifier, context, next) {
  if (specifier.startsWith('irongate:transform/')) return { url: host, shortCircuit: true };
  return next(specifier, context);
}
export async function load(url, context, next) {
  if (!url.endsWith('/configuration.json')) return next(url, context);
  const { readFile } = await import('node:fs/promises');
  const text = await readFile(new URL(url), 'utf8');
  return { format: 'module', source: 'export default ' + JSON.stringify(text), shortCircuit: true };
}`;
register('data:text/javascript,' + encodeURIComponent(hooks));
