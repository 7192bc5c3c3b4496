/** Which documents are generated from the charts, and whether they are up to date. */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { orchestratorMachine, subagentMachine } from '../../machines/index.js';
import { definitionJson, pictureOf, readChart, subagentLayout } from '../../src/charts/index.js';
import { mermaidOf } from './mermaid.js';

const FOLDER = 'docs/machines';

/** Contents by path from the root of the project. */
export function generatedDocuments(): Map<string, string> {
  const documents = new Map<string, string>();
  for (const { id, config } of [subagentMachine, orchestratorMachine]) {
    documents.set(`${FOLDER}/${id}.json`, definitionJson(config));
    documents.set(`${FOLDER}/${id}.mmd`, mermaidOf(readChart(config)));
  }
  documents.set(`${FOLDER}/subagent.svg`, pictureOf(readChart(subagentMachine.config), subagentLayout));
  return documents;
}

/** Paths of generated documents that are missing or differ from what would be generated now. */
export async function outdatedDocuments(root: string): Promise<string[]> {
  const states = await Promise.all(
    [...generatedDocuments()].map(async ([path, content]) => {
      const found = await readFile(join(root, path), 'utf8').catch(() => undefined);
      return found === content ? [] : [path];
    }),
  );
  return states.flat();
}
