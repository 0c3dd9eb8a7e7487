import type { CanvasColours } from '../canvas/colours.ts'

/** The canvas's colours, read from the theme's variables (theme/tokens.css). */
export function canvasColours(): CanvasColours {
  const style = getComputedStyle(document.documentElement)
  const token = (name: string): string => style.getPropertyValue(`--${name}`).trim()
  return {
    background: token('canvas'),
    placeholder: token('active'),
    selection: '#ffffff',
    accent: token('accent'),
    handle: '#ffffff',
    loss: token('danger'),
    halo: 'rgb(0 0 0 / 55%)',
    crosshair: token('text-quiet'),
    grid: 'rgb(128 128 128 / 35%)',
  }
}
