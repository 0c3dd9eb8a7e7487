import { createContext } from 'svelte'
import type { Studio } from './studio.svelte.ts'

/** The studio of this window, provided to every component by App. */
export const [useStudio, provideStudio] = createContext<Studio>()
