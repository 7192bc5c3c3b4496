import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { outdatedDocuments } from '../scripts/charts/generated.js';

test('docs/machines shows the charts as they are (else: npm run docs)', async () => {
  expect(await outdatedDocuments(fileURLToPath(new URL('..', import.meta.url)))).toEqual([]);
});
