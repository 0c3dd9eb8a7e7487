import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'electron-vite'

export default defineConfig({
  renderer: {
    plugins: [svelte()],
    build: { target: 'es2024', modulePreload: { polyfill: false } },
  },
})
