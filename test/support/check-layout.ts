/** Whether sources keep to the house's plan: rooms, doors, arrows, and the few rules for every file. */

import { isBuiltin } from 'node:module';
import { posix } from 'node:path';
import ts from 'typescript';
import { CLIENTS, DOORLESS, MAX_LINES, PUBLIC_DOOR, ROOMS } from './rooms.js';

interface Import {
  readonly specifier: string;
  readonly typeOnly: boolean;
}

/** @param files Texts by path from the root of the project. @returns one sentence for each violation. */
export function checkLayout(files: ReadonlyMap<string, string>): string[] {
  const importers = new Map<string, Set<string>>();
  const violations = [...files].flatMap(([path, text]) => {
    const { imports, problems } = read(path, text);
    for (const { specifier } of imports) {
      const client = Object.keys(CLIENTS).find((name) => CLIENTS[name]?.test(specifier));
      if (client !== undefined) importers.set(client, (importers.get(client) ?? new Set()).add(path));
    }
    const lines = text.split('\n').length - (text.endsWith('\n') ? 1 : 0);
    const tooLong = lines > MAX_LINES ? [`has ${lines} lines; past ${MAX_LINES} look for its second question`] : [];
    const room = roomOf(path);
    const homeless =
      room === undefined && path !== PUBLIC_DOOR ? ['is in no room; add its folder to test/support/rooms.ts'] : [];
    const arrows = homeless.length > 0 ? [] : imports.flatMap((wanted) => problemOf(path, room, wanted) ?? []);
    return [...homeless, ...problems, ...tooLong, ...arrows].map((problem) => `${path}: ${problem}`);
  });
  const shared = [...importers].filter(([, paths]) => paths.size > 1);
  return [
    ...violations,
    ...shared.map(([client, paths]) => `${client} is imported by ${[...paths].join(' and ')}; one file may`),
  ];
}

function roomOf(path: string): string | undefined {
  return Object.keys(ROOMS).find((room) => path.startsWith(`${room}/`));
}

function problemOf(path: string, room: string | undefined, { specifier, typeOnly }: Import): string | undefined {
  if (!specifier.startsWith('.')) return packageProblem(room, specifier);
  if (!specifier.endsWith('.js')) return `imports ${specifier}; relative imports end in .js`;
  const target = posix.join(posix.dirname(path), specifier).replace(/\.js$/, '.ts');
  if (target === PUBLIC_DOOR) return `imports ${PUBLIC_DOOR}, which is for users alone`;
  const targetRoom = roomOf(target);
  if (targetRoom === undefined) return `imports ${target}, which is in no room`;
  const isDoor = target === `${targetRoom}/index.ts`;
  if (targetRoom === room) return isDoor ? 'imports the door of its own room; import the file' : undefined;
  if (targetRoom !== DOORLESS && !isDoor) return `imports ${target}; other rooms import ${targetRoom}/index.js`;
  if (room === undefined) return undefined; // the public door may name every door
  const allowed = ROOMS[room]?.rooms ?? [];
  if (allowed.includes(targetRoom)) return undefined;
  if (!allowed.some((entry) => typeof entry === 'object' && entry.type === targetRoom)) {
    return `imports ${target}; ${room} may not import ${targetRoom}`;
  }
  return typeOnly ? undefined : `imports ${target}; ${room} may import ${targetRoom} for types only`;
}

function packageProblem(room: string | undefined, specifier: string): string | undefined {
  const allowed = room === undefined ? [] : (ROOMS[room]?.packages ?? []);
  const name = isBuiltin(specifier) ? 'node' : specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
  return allowed.includes(name) ? undefined : `imports ${specifier}; ${room ?? PUBLIC_DOOR} may not`;
}

/** The imports of every form, types too, and what a file may not do wherever it stands. */
function read(path: string, text: string): { readonly imports: Import[]; readonly problems: string[] } {
  const imports: Import[] = [];
  const problems: string[] = [];
  const add = (specifier: ts.Node | undefined, typeOnly: boolean) => {
    if (specifier && ts.isStringLiteralLike(specifier)) imports.push({ specifier: specifier.text, typeOnly });
    else problems.push('imports what it computes; name the module');
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) {
      add(node.moduleSpecifier, isTypeImport(node.importClause));
    } else if (ts.isExportDeclaration(node)) {
      if (node.moduleSpecifier) add(node.moduleSpecifier, node.isTypeOnly);
      if (!node.exportClause) problems.push('exports everything of another file; name what it exports');
      else if (ts.isNamedExports(node.exportClause) && node.exportClause.elements.some(isCalledDefault)) {
        problems.push('has a default export');
      }
    } else if (ts.isImportTypeNode(node)) {
      add(ts.isLiteralTypeNode(node.argument) ? node.argument.literal : undefined, true);
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      add(node.arguments[0], false);
    } else if (ts.isExportAssignment(node) || hasDefaultModifier(node)) {
      problems.push('has a default export');
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(path, text, ts.ScriptTarget.Latest));
  return { imports, problems };
}

function isTypeImport(clause: ts.ImportClause | undefined): boolean {
  if (!clause) return false;
  if (clause.isTypeOnly) return true;
  const named = clause.namedBindings;
  return !clause.name && !!named && ts.isNamedImports(named) && named.elements.every(({ isTypeOnly }) => isTypeOnly);
}

function isCalledDefault({ name }: ts.ExportSpecifier): boolean {
  return name.text === 'default';
}

function hasDefaultModifier(node: ts.Node): boolean {
  const modifiers = ts.canHaveModifiers(node) ? ts.getModifiers(node) : undefined;
  return modifiers?.some(({ kind }) => kind === ts.SyntaxKind.DefaultKeyword) ?? false;
}
