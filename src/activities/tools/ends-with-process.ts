/** How what was started outside is ended with this process, also by Ctrl+C: a process group of its own does not get that. */

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

const ends = new Set<() => void>();

/**
 * Calls `end` when the process exits, or is ended by a signal that nothing else listens to; not on SIGKILL, nor on a crash of Node
 * itself. Listens only while there is something to end. @returns when it has ended by itself.
 */
export function endsWithProcess(end: () => void): () => void {
  if (ends.size === 0) listen();
  ends.add(end);
  return () => {
    if (ends.delete(end) && ends.size === 0) unlisten();
  };
}

function listen(): void {
  process.on('exit', endAll);
  for (const signal of SIGNALS) process.prependListener(signal, endBySignal); // first, to see who else listens
}

function unlisten(): void {
  process.off('exit', endAll);
  for (const signal of SIGNALS) process.off(signal, endBySignal);
}

function endAll(): void {
  for (const end of ends) end();
}

/** A listener takes away what a signal does by itself: where the program has none of its own, that is done here. */
function endBySignal(signal: NodeJS.Signals): void {
  if (process.listenerCount(signal) > 1) return; // the program decides what becomes of it
  endAll();
  unlisten();
  process.kill(process.pid, signal);
}
