import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  resolve: {
    alias: [
      { find: /^troupe$/, replacement: at('./src/index.ts') },
      { find: /^troupe\/machines$/, replacement: at('./machines/index.ts') },
      { find: /^troupe\/telemetry$/, replacement: at('./src/telemetry/index.ts') },
      { find: /^troupe\/monitor$/, replacement: at('./src/monitor/index.ts') },
      { find: /^troupe\/testing$/, replacement: at('./src/testing/index.ts') },
      { find: /^troupe\/inspect$/, replacement: at('./src/inspect/index.ts') },
    ],
  },
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 20_000,
    // Many wait for processes of their own: on a machine with two cores one worker leaves half of it idle.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    coverage: { provider: 'v8', include: ['src/**', 'machines/**'], reporter: ['text-summary', 'html'] },
  },
});
