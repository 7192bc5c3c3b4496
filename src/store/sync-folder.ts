/** How a new name in a folder becomes durable. */

import { open } from 'node:fs/promises';
import { isErrno } from './fs-fault.js';

/** Some systems cannot: there it does nothing. */
export async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (cause) {
    const isWindows = process.platform === 'win32';
    if (isErrno(cause, 'EINVAL', 'ENOTSUP') || (isWindows && isErrno(cause, 'EPERM', 'EISDIR', 'EACCES'))) return;
    throw cause;
  }
}
