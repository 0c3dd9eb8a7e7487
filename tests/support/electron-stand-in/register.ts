/** `node --import` this, and what imports electron gets the stand-in. */
import { registerHooks } from 'node:module'

const STAND_IN = new URL('./electron.ts', import.meta.url).href

registerHooks({
  resolve: (specifier, context, next) =>
    specifier === 'electron' ? { url: STAND_IN, shortCircuit: true } : next(specifier, context),
})

// As Electron gives them: the program, its folder, and what the user added.
process.argv.splice(1, 1, process.cwd())
await import('./remote.ts')
