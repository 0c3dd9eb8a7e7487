import type { LevelName } from '../pyramid/levels.ts'

/**
 * Five hues in the order of the rainbow, from light to dark: who sees few hues still tells them apart, and which of two
 * levels is the coarser.
 */
export const LEVEL_COLOURS = {
  P3: '#ffdd33',
  P4: '#ff8a1f',
  P5: '#e8487f',
  P6: '#a65fe6',
  P7: '#23409c',
} as const satisfies Record<LevelName, string>
