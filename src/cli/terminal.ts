/** Where the program prints: answers to stdout, so that they can be piped, and all that is said about the work to stderr. */

import { stripVTControlCharacters } from 'node:util';

export interface Terminal {
  /** A part of the result, as it is. */
  out(text: string): void;
  /** An answer for a reader: on a screen without what could take over the screen. */
  answer(text: string): void;
  /** One line about the work. @param isSoft Less bright than the rest, where there are colours. */
  say(line: string, isSoft?: boolean): void;
  /** Where somebody sits at it: keys come in, and the whole screen can be drawn. */
  readonly tty: Tty | undefined;
  /** Where somebody can be asked: sees what is said, and types lines. */
  readonly input: NodeJS.ReadStream | undefined;
}

export interface Tty {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly isColoured: boolean;
}

interface Streams {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly env: NodeJS.ProcessEnv;
}

const MAX_LINE_LENGTH = 200;

export function terminal({ stdin, stdout, stderr, env }: Streams): Terminal {
  const isDumb = env.TERM === 'dumb';
  const mayColour = !env.NO_COLOR && !isDumb;
  const isColoured = stderr.isTTY && mayColour;
  return {
    tty: stdin.isTTY && stdout.isTTY && !isDumb ? { stdin, stdout, isColoured: mayColour } : undefined,
    input: stdin.isTTY && stderr.isTTY ? stdin : undefined,
    out: (text) => stdout.write(`${text}\n`),
    answer: (text) => stdout.write(`${stdout.isTTY ? harmless(text) : text}\n`),
    say: (line, isSoft = false) => {
      const plain = harmless(line).replace(/\s*\n\s*/g, ' ');
      const short = plain.length > MAX_LINE_LENGTH ? `${plain.slice(0, MAX_LINE_LENGTH)}…` : plain;
      stderr.write(isColoured && isSoft ? `\u001b[2m${short}\u001b[22m\n` : `${short}\n`);
    },
  };
}

/** Without control characters: a model, or a file that it has read, may have put them there. */
export function harmless(text: string): string {
  return stripVTControlCharacters(text).replace(/[^\P{Cc}\n\t]/gu, '');
}
