import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['tests/**/*.test.ts'],
    pool: 'forks',
    // Many start an engine or a browser, on a machine that has other things to do.
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
})
