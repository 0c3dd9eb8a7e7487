import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'electron-vite'

export default defineConfig({
  main: {
    build: {
      // All in one file but for native code: the package then needs no other modules. ws is the browser shell's.
      externalizeDeps: { exclude: ['fast-xml-parser', 'papaparse', 'pickleparser', 'yaml', 'yauzl', 'zod'] },
      rollupOptions: { input: 'src/main/desktop/index.ts' },
      target: 'node24',
    },
  },
  preload: {
    build: {
      // A sandboxed preload can load neither modules nor packages.
      externalizeDeps: false,
      rollupOptions: { output: { format: 'cjs', entryFileNames: '[name].cjs' } },
    },
  },
  renderer: {
    plugins: [svelte()],
    build: { target: 'es2024', modulePreload: { polyfill: false } },
  },
})
