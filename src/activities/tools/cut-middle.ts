/** How a text that is too long is cut: its middle goes, whole characters stay, and a line says how much is missing. */

const MARK_BYTES = 100; // room for the line that tells of the cut

/** Takes a text piece by piece, and keeps of it no more than its two ends. Sizes are UTF-8 bytes. */
export class MiddleCut {
  readonly #maxBytes: number;
  readonly #headBytes: number;
  readonly #head: Buffer[] = [];
  #tail: Buffer[] = [];
  #headSize = 0;
  #tailSize = 0;
  #total = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
    this.#headBytes = Math.max(0, Math.floor((maxBytes - MARK_BYTES) / 2));
  }

  push(text: string): void {
    let bytes = Buffer.from(text);
    this.#total += bytes.length;
    const room = this.#headBytes - this.#headSize;
    if (room > 0) {
      const taken = bytes.subarray(0, room);
      this.#head.push(taken);
      this.#headSize += taken.length;
      bytes = bytes.subarray(taken.length);
    }
    if (bytes.length === 0) return;
    this.#tail.push(bytes);
    this.#tailSize += bytes.length;
    // Joined only now and then, so that many small pieces cost no more than a few large ones.
    if (this.#tailSize > 2 * this.#maxBytes || this.#tail.length > 10_000) this.#trimTail();
  }

  /** What is kept so far; at most `maxBytes`. */
  text(): string {
    if (this.#total <= this.#maxBytes) return Buffer.concat([...this.#head, ...this.#tail]).toString();
    const head = dropHalfCharacterAtEnd(Buffer.concat(this.#head));
    const room = Math.max(0, this.#maxBytes - this.#headBytes - MARK_BYTES);
    const all = Buffer.concat(this.#tail);
    const tail = dropHalfCharacterAtStart(all.subarray(Math.max(0, all.length - room)));
    const cut = this.#total - head.length - tail.length;
    return `${head.toString()}\n[... ${cut} bytes of output were cut here ...]\n${tail.toString()}`;
  }

  #trimTail(): void {
    const all = Buffer.concat(this.#tail);
    const kept = Buffer.from(all.subarray(Math.max(0, all.length - this.#maxBytes))); // a copy: frees what was cut
    this.#tail = [kept];
    this.#tailSize = kept.length;
  }
}

/** The text itself, or its two ends around a line that says how much was cut: at most `maxBytes` of UTF-8. */
export function cutMiddle(text: string, maxBytes: number): string {
  if (text.length * 3 <= maxBytes || Buffer.byteLength(text) <= maxBytes) return text;
  const cut = new MiddleCut(maxBytes);
  cut.push(text);
  return cut.text();
}

/** The first `count` UTF-16 units, one less where that would split a surrogate pair. */
export function firstCharacters(text: string, count: number): string {
  if (text.length <= count) return text;
  const last = text.charCodeAt(count - 1);
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? count - 1 : count);
}

const isContinuation = (byte: number | undefined) => byte !== undefined && (byte & 0xc0) === 0x80;

function dropHalfCharacterAtStart(bytes: Buffer): Buffer {
  let start = 0;
  while (start < 3 && isContinuation(bytes[start])) start++;
  return bytes.subarray(start);
}

function dropHalfCharacterAtEnd(bytes: Buffer): Buffer {
  let lead = bytes.length - 1;
  while (lead > bytes.length - 4 && isContinuation(bytes[lead])) lead--;
  const first = bytes[lead] ?? 0;
  const size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 1;
  return lead + size > bytes.length ? bytes.subarray(0, lead) : bytes;
}
