import { z } from 'zod'
import type { WindowSettings } from '../session/window-settings.svelte.ts'

export const THEMES = ['dark', 'light', 'system'] as const
export type Theme = (typeof THEMES)[number]

export const themeOf = (settings: WindowSettings): Theme => settings.get('theme', z.enum(THEMES), 'dark')

/** Call in an effect. Returns a function that stops following. */
export function followTheme(settings: WindowSettings): () => void {
  const chosen = themeOf(settings)
  const bright = matchMedia('(prefers-color-scheme: light)')
  const apply = (): void => {
    const light = chosen === 'light' || (chosen === 'system' && bright.matches)
    document.documentElement.dataset.theme = light ? 'light' : 'dark'
  }
  apply()
  bright.addEventListener('change', apply)
  return () => bright.removeEventListener('change', apply)
}
