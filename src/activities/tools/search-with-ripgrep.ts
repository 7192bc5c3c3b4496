/** The search engine for large trees: the program `rg`, if it is installed. */

import { spawn } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { delimiter, isAbsolute, join, posix } from 'node:path';
import { createInterface } from 'node:readline';
import { MAX_LINES_OF_FILE, MAX_SEARCHED_BYTES, type SearchEngine, type SearchQuery } from './search.js';

/** Path of `rg`: looked for in the absolute folders of `searchPath`, so that no workspace can bring its own. */
export async function findRipgrep(searchPath: string | undefined): Promise<string | undefined> {
  const name = process.platform === 'win32' ? 'rg.exe' : 'rg';
  for (const folder of (searchPath ?? '').split(delimiter).filter((entry) => isAbsolute(entry))) {
    const path = join(folder, name);
    const isThere = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isThere) return path;
  }
  return undefined;
}

export function searchWithRipgrep(program: string): SearchEngine {
  return async function* (query) {
    query.signal.throwIfAborted();
    const child = spawn(program, ripgrepArguments(query), {
      cwd: query.workspace.root,
      env: {}, // above all no RIPGREP_CONFIG_PATH
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const ended = new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    ended.catch(() => {}); // looked at below, unless the reader stops before
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      if (stderr.length < 10_000) stderr += text;
    });
    const stop = () => child.kill('SIGKILL');
    query.signal.addEventListener('abort', stop, { once: true });
    let place: string | undefined;
    let lines: number[] = [];
    try {
      for await (const text of createInterface({ input: child.stdout, crlfDelay: Number.POSITIVE_INFINITY })) {
        const found = FOUND.exec(text);
        const [, path = '', line = ''] = found ?? [];
        if (path === '' || path.startsWith('../') || posix.normalize(path) !== path) continue; // such as its remarks on binary files
        if (path !== place) {
          if (place !== undefined && lines.length > 0) yield { place, lines };
          place = path;
          lines = [];
        }
        if (lines.length < MAX_LINES_OF_FILE && query.accepts(path)) lines.push(Number(line));
      }
      const code = await ended;
      query.signal.throwIfAborted();
      if (place !== undefined && lines.length > 0) yield { place, lines };
      else if (code === 2 && place === undefined && stderr !== '') throw new Error(stderr.trim()); // a pattern it does not know
    } finally {
      query.signal.removeEventListener('abort', stop);
      stop();
    }
  };
}

/** `./path NUL line:text`; the text is kept out by `--max-columns`. */
const FOUND = /^\.\/([^\0]+)\0(\d+):/;

function ripgrepArguments({ start, obeysRootRules, pattern, ignoreCase, nameFilter }: SearchQuery): string[] {
  return [
    '--no-config',
    '--null',
    '--line-number',
    '--with-filename',
    '--no-heading',
    '--color=never',
    '--max-columns=1',
    `--max-count=${MAX_LINES_OF_FILE}`,
    `--max-filesize=${MAX_SEARCHED_BYTES}`,
    '--sort=path',
    '--crlf',
    '--hidden',
    '--no-follow',
    '--no-messages',
    // What `.gitignore` files in the workspace say holds, what others say does not.
    '--no-require-git',
    '--no-ignore-parent',
    '--no-ignore-dot',
    '--no-ignore-global',
    '--no-ignore-exclude',
    ...(obeysRootRules && start !== '.' ? ['--ignore-file=.gitignore'] : []),
    ignoreCase ? '--ignore-case' : '--case-sensitive',
    ...(nameFilter === undefined ? [] : [`--glob=${nameFilter}`]),
    '--glob=!.git',
    // Bound to their options or after `--`, neither pattern nor path can be taken for an option.
    `--regexp=${pattern}`,
    '--',
    start === '.' ? './' : `./${start}`,
  ];
}
