import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vitest/config'

const WINDOW = ['tests/unit/renderer/**/*.test.ts']
const DRIVEN = ['tests/e2e/**/*.test.ts', 'tests/desktop/**/*.test.ts']

export default defineConfig({
  test: {
    pool: 'forks',
    // Many start an engine or a browser, on a machine that has other things to do.
    testTimeout: 240_000,
    hookTimeout: 240_000,
    // States are waited for; only a fault lasts so long.
    expect: { poll: { timeout: 120_000 } },
    projects: [
      {
        extends: true,
        test: {
          name: 'programs',
          include: ['tests/**/*.test.ts'],
          exclude: [...WINDOW, ...DRIVEN],
          // Most of their time is spent waiting for child processes. Vitest would leave one of two cores idle.
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          ...{ name: 'driven windows', include: DRIVEN },
          ...{ testTimeout: 900_000, hookTimeout: 300_000 },
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
          expect: { poll: { timeout: 120_000 } },
          // A browser on a machine that does other things is not always answered in order; the report marks every retry.
          retry: 1,
        },
      },
      {
        extends: true,
        // Vitest would compile modules with runes for a server, where neither state nor effects do anything.
        plugins: [svelte({ configFile: false, dynamicCompileOptions: () => ({ generate: 'client' }) })],
        ssr: { resolve: { conditions: ['browser', 'module', 'import', 'default'] } },
        test: {
          name: 'window',
          include: WINDOW,
          server: { deps: { inline: [/svelte/] } },
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
    ],
  },
})
