#!/usr/bin/env node
/** The program `troupe`: hands its arguments to the command that they name. */

import { runCommand } from './run-command.js';
import { terminal } from './terminal.js';

// Whoever reads may have read enough, such as `head`.
process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => process.exit(code === 'EPIPE' ? 0 : 1));
process.exitCode = await runCommand(process.argv.slice(2), terminal(process));
