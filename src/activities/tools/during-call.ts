/** How a tool's own function is let go at once when its call must stop, even if it takes no notice. */

import type { ToolContext } from '../../domain/tool.js';

/**
 * Settles as `work` does, or rejects with the signal's reason as soon as `context.signal` aborts; what `work` says, emits or
 * reports after that is dropped.
 */
export function duringCall<T>(context: ToolContext, work: (context: ToolContext) => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    if (context.signal.aborted) return reject(context.signal.reason);
    // The tool gets a signal of this call: listeners it forgets go with the call, and do not pile up on the subagent's.
    // Made when first read, since many tools never do.
    let call: AbortController | undefined;
    let over = false;
    const onAbort = () => {
      over = true;
      reject(context.signal.reason);
      call?.abort(context.signal.reason);
    };
    context.signal.addEventListener('abort', onAbort, { once: true });
    const end = () => {
      over = true;
      context.signal.removeEventListener('abort', onAbort);
    };
    const forCall: ToolContext = {
      ...context,
      get signal() {
        if (!call) {
          call = new AbortController();
          if (context.signal.aborted) call.abort(context.signal.reason);
        }
        return call.signal;
      },
      emit: (text) => over || context.emit(text),
      progress: (progress) => over || context.progress(progress),
      setTasks: (tasks) => over || context.setTasks(tasks),
    };
    work(forCall).then(
      (result) => {
        end();
        resolve(result);
      },
      (cause) => {
        end();
        reject(cause);
      },
    );
  });
}
