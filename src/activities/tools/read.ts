/** The tool `read`: a window of a text file, with line numbers. */

import { createHash } from 'node:crypto';
import { z } from 'zod';
import { MAX_TOOL_OUTPUT_BYTES } from '../../domain/limits.js';
import { type Tool, ToolReply } from '../../domain/tool.js';
import { chunksOf, type Opened, useFile } from './confined-files.js';
import { firstCharacters } from './cut-middle.js';
import { defineTool } from './define-tool.js';
import { openWorkspace, placeOf } from './workspace.js';

const MAX_LINES = 2_000;
const MAX_LINE_LENGTH = 2_000;
const MAX_FILE_BYTES = 50 * 1024 * 1024;
/** Leaves room for the closing note below the size at which outputs are cut. */
const MAX_WINDOW_BYTES = MAX_TOOL_OUTPUT_BYTES - 1_000;

export function readTool(): Tool {
  return defineTool({
    name: 'read',
    description: [
      'Reads a text file. Each line is shown as its number, a tab, and its text; the number and the tab are not part of the file.',
      `At most ${MAX_LINES} lines at a time, and ${MAX_LINE_LENGTH} characters of a line; a note at the end says how to go on.`,
      'A binary file is only described. For a folder use ls.',
    ].join(' '),
    input: z.strictObject({
      file_path: z.string().describe('Path of the file, relative to the workspace.'),
      offset: z.int().positive().default(1).describe('First line to read; 1 is the first of the file.'),
      limit: z.int().positive().max(MAX_LINES).default(MAX_LINES).describe('How many lines to read.'),
    }),
    readOnly: true,
    subject: ({ file_path }) => ({ kind: 'path', path: file_path }),
    run: async ({ file_path, offset, limit }, { workspace: folder, filesSeen, signal }) => {
      const workspace = await openWorkspace(folder);
      return useFile(workspace, placeOf(workspace, file_path), async (file) => {
        if (file.size > MAX_FILE_BYTES) {
          const size = `${file.place} has ${file.size} bytes; read takes files of up to ${MAX_FILE_BYTES} bytes.`;
          return new ToolReply(`${size} Use grep to find the lines you need.`, { isError: true });
        }
        const window = new LineWindow(offset, limit);
        const hash = createHash('sha256');
        const decoder = new TextDecoder(); // takes away a byte order mark
        let isFirst = true;
        for await (const chunk of chunksOf(file)) {
          signal.throwIfAborted();
          if (isFirst && looksBinary(chunk)) return describeBinary(file, chunk);
          isFirst = false;
          hash.update(chunk);
          window.add(decoder.decode(chunk, { stream: true }));
        }
        window.add(decoder.decode());
        window.end();
        filesSeen.set(file.place, hash.digest('hex'));
        return window.reply(file.place);
      });
    },
  });
}

/** Takes a file's text in pieces and keeps only the lines that are wanted, each only as far as it is shown. */
class LineWindow {
  readonly #offset: number;
  readonly #limit: number;
  readonly #shown: string[] = [];
  #bytes = 0;
  #isFull = false;
  #line = 1;
  #text = '';
  #length = 0;
  #endsWithReturn = false;

  constructor(offset: number, limit: number) {
    this.#offset = offset;
    this.#limit = limit;
  }

  add(text: string): void {
    let from = 0;
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', from)) {
      this.#extend(text, from, at);
      this.#close();
      from = at + 1;
    }
    this.#extend(text, from, text.length);
  }

  /** A last line without a line feed is a line too. */
  end(): void {
    if (this.#length > 0) this.#close();
  }

  reply(place: string): ToolReply {
    const total = this.#line - 1;
    if (total === 0) return new ToolReply(`(${place} is empty)`);
    if (this.#offset > total) {
      return new ToolReply(`${place} has only ${total} lines; line ${this.#offset} does not exist.`, { isError: true });
    }
    const last = this.#offset + this.#shown.length - 1;
    const more = last < total ? [`(lines ${this.#offset} to ${last} of ${total}; go on with offset ${last + 1})`] : [];
    return new ToolReply([...this.#shown, ...more].join('\n'));
  }

  #extend(text: string, from: number, to: number): void {
    const room = MAX_LINE_LENGTH + 1 - this.#text.length; // one more, to see whether the cut would split a character
    if (room > 0 && this.#line >= this.#offset && !this.#isFull) {
      this.#text += text.slice(from, Math.min(to, from + room));
    }
    this.#length += to - from;
    if (to > from) this.#endsWithReturn = text.charCodeAt(to - 1) === 13;
  }

  #close(): void {
    if (this.#line >= this.#offset && !this.#isFull) this.#show();
    this.#line++;
    this.#text = '';
    this.#length = 0;
    this.#endsWithReturn = false;
  }

  #show(): void {
    const length = this.#length - (this.#endsWithReturn ? 1 : 0);
    const cut = firstCharacters(this.#text.slice(0, length), MAX_LINE_LENGTH);
    const missing = length - cut.length;
    const note = missing > 0 ? ` [... ${missing} more characters]` : '';
    const shown = `${String(this.#line).padStart(6)}\t${cut}${note}`;
    this.#bytes += Buffer.byteLength(shown) + 1;
    this.#isFull = this.#bytes > MAX_WINDOW_BYTES || this.#shown.length >= this.#limit;
    if (!this.#isFull) this.#shown.push(shown);
  }
}

/** Text has no zero bytes; as git does, only the beginning is looked at. */
export function looksBinary(bytes: Buffer): boolean {
  return bytes.subarray(0, 8_000).includes(0);
}

const SIGNATURES: readonly (readonly [hex: string, name: string])[] = [
  ['89504e47', 'PNG image'],
  ['ffd8ff', 'JPEG image'],
  ['47494638', 'GIF image'],
  ['52494646', 'RIFF media'],
  ['25504446', 'PDF document'],
  ['504b0304', 'ZIP archive'],
  ['1f8b', 'gzip data'],
  ['7f454c46', 'ELF program'],
  ['53514c697465', 'SQLite database'],
  ['fffe', 'UTF-16 text'],
  ['feff', 'UTF-16 text'],
];

function describeBinary(file: Opened, beginning: Buffer): ToolReply {
  const hex = beginning.subarray(0, 8).toString('hex');
  const kind = SIGNATURES.find(([signature]) => hex.startsWith(signature))?.[1];
  return new ToolReply(`${file.place} is a binary file${kind ? ` (${kind})` : ''} of ${file.size} bytes; not shown.`);
}
