import type { GridLevelName } from '../pyramid/levels.ts'

/**
 * Five hues in rainbow order, from light to dark, so that people with a colour vision deficiency can still distinguish the
 * levels and see which of two is coarser. P2, the only level of CenterNet, is a pale blue: people with tritanopia would not
 * tell a paler yellow from P3.
 */
export const LEVEL_COLOURS = {
  P2: '#b5f2f7',
  P3: '#ffdd33',
  P4: '#ff8a1f',
  P5: '#e8487f',
  P6: '#a65fe6',
  P7: '#23409c',
} as const satisfies Record<GridLevelName, string>
