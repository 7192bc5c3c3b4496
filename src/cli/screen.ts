/** The whole screen of a terminal, for as long as somebody watches: keys come in, lines are drawn, then all is as it was. */

import { emitKeypressEvents, type Key } from 'node:readline';
import { fromEvent, map, type Observable, share } from 'rxjs';
import type { Tty } from './terminal.js';

/** Another buffer, so that what stood there comes back; no cursor; long lines end at the edge. */
const OPEN = '\u001b[?1049h\u001b[?25l\u001b[?7l';
const CLOSE = '\u001b[?7h\u001b[?25h\u001b[?1049l';
const HOME = '\u001b[H';
const CLEAR_LINE = '\u001b[2K';
const CLEAR_BELOW = '\u001b[J';

export interface Screen {
  /** Their names, such as `p`, `up` or `ctrl-c`, which here ends nothing by itself. */
  readonly keys$: Observable<string>;
  readonly resized$: Observable<unknown>;
  readonly columns: number;
  readonly rows: number;
  /** Puts these lines in place of all that is shown; those below the screen are left out. */
  draw(lines: readonly string[]): void;
  /** Gives the terminal back as it was. Idempotent, and also done when the process exits. */
  close(): void;
}

export function openScreen({ stdin, stdout }: Tty): Screen {
  let isOpen = true;
  const close = () => {
    if (!isOpen) return;
    isOpen = false;
    process.off('exit', close);
    stdin.setRawMode(false).pause();
    stdout.write(CLOSE);
  };
  process.once('exit', close);
  emitKeypressEvents(stdin);
  stdin.setRawMode(true).resume();
  stdout.write(OPEN);
  return {
    keys$: fromEvent(stdin, 'keypress', (_text: string | undefined, key: Key) => key).pipe(map(nameOf), share()),
    resized$: fromEvent(stdout, 'resize'),
    get columns() {
      return stdout.columns || 80;
    },
    get rows() {
      return stdout.rows || 24;
    },
    draw(lines) {
      if (!isOpen) return;
      // Cleared before it is written: behind a line that is as wide as the screen, that would take its last character.
      const shown = lines.slice(0, this.rows);
      const last = shown.length - 1;
      stdout.write(HOME + shown.map((line, at) => (at < last ? CLEAR_LINE : CLEAR_BELOW) + line).join('\r\n'));
    },
    close,
  };
}

function nameOf({ name, sequence, ctrl }: Key): string {
  return `${ctrl ? 'ctrl-' : ''}${name ?? sequence ?? ''}`;
}
