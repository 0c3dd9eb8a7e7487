import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vitest/config'

const WINDOW = ['tests/unit/renderer/**/*.test.ts']

export default defineConfig({
  test: {
    pool: 'forks',
    // Many start an engine or a browser, on a machine that has other things to do.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    projects: [
      {
        extends: true,
        test: { name: 'programs', include: ['tests/**/*.test.ts'], exclude: WINDOW },
      },
      {
        extends: true,
        // Runes in `.svelte.ts` modules are compiled as they are for the window.
        plugins: [svelte()],
        resolve: { conditions: ['browser'] },
        test: { name: 'window', include: WINDOW },
      },
    ],
  },
})
