/** The page as it would be built, made of the sources of this moment. */

import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import type { PageFile } from '../../../src/monitor/page-files.js';

const FOLDER = fileURLToPath(new URL('../../../src/monitor/page/', import.meta.url));
const TYPES: Readonly<Record<string, string>> = { html: 'text/html', css: 'text/css', svg: 'image/svg+xml' };

let made: Map<string, PageFile> | undefined;

export function pageFiles(): Map<string, PageFile> {
  made ??= new Map(
    readdirSync(FOLDER).flatMap((name): [string, PageFile][] => {
      const ending = name.slice(name.lastIndexOf('.') + 1);
      if (ending === 'ts') return [[name.replace(/\.ts$/, '.js'), { type: 'text/javascript', bytes: compiled(name) }]];
      const type = TYPES[ending];
      return type === undefined ? [] : [[name, { type, bytes: readFileSync(FOLDER + name) }]];
    }),
  );
  return made;
}

function compiled(name: string): Buffer {
  const { outputText } = ts.transpileModule(readFileSync(FOLDER + name, 'utf8'), {
    compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true },
  });
  return Buffer.from(outputText);
}
