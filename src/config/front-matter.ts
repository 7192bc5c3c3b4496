/** How a Markdown file with front matter is taken apart: YAML between two lines of `---`, and the body after it. */

import type { ConfigNode } from './config-node.js';
import { readYaml } from './read-yaml.js';
import { SourceText } from './source-text.js';

export interface FrontMatter {
  /** The keys, at their lines in the file. */
  readonly head: ConfigNode;
  /** The text after the front matter, without blanks around it. */
  readonly body: string;
}

/** @throws TroupeError `config_invalid` with file and line; also where there is no front matter. */
export function readFrontMatter(text: string, file: string): FrontMatter {
  const source = new SourceText(file, text.replace(/\r\n?/g, '\n'));
  const opening = /^---[ \t]*\n/.exec(source.text);
  if (!opening) return source.fail(0, 'expected front matter: a line of ---, keys, and a line of ---');
  const closing = /^---[ \t]*(?:\n|$)/gm;
  closing.lastIndex = opening[0].length;
  const end = closing.exec(source.text);
  if (!end) return source.fail(0, 'the front matter is not closed; expected a line of ---');
  // The line of the opening --- stays as an empty one, so that lines are counted as in the file.
  const head = readYaml(`\n${source.text.slice(opening[0].length, end.index)}`, file);
  return { head, body: source.text.slice(closing.lastIndex).trim() };
}
