/** Kinds of photograph, how often each is taken, and which are kept for validation. */

export type Range = readonly [low: number, high: number]

/** A kind of photograph. */
export interface Recipe {
  /** Degrees below the horizon that the camera looks. */
  readonly pitch: Range
  /** Pixels that a centimetre covers at the point looked at: sets the distance. */
  readonly scale: Range
  readonly pieces: Range
  /** Accepted longer side of the first piece, which takes the middle of the picture, and of the others; pixels. */
  readonly first: Range
  readonly extent: Range
  readonly clutter: Range
}

const RECIPES = {
  macro: {
    pitch: [12, 30],
    scale: [112, 150],
    pieces: [2, 4],
    first: [420, 500],
    extent: [60, 480],
    clutter: [0, 1],
  },
  closeUp: {
    pitch: [14, 42],
    scale: [78, 130],
    pieces: [2, 5],
    first: [120, 400],
    extent: [60, 400],
    clutter: [0, 1],
  },
  table: {
    pitch: [24, 52],
    scale: [28, 52],
    pieces: [5, 9],
    first: [20, 240],
    extent: [20, 240],
    clutter: [0, 2],
  },
  low: {
    pitch: [9, 17],
    scale: [40, 70],
    pieces: [6, 10],
    first: [60, 330],
    extent: [14, 330],
    clutter: [0, 2],
  },
  overview: {
    pitch: [26, 55],
    scale: [7, 15],
    pieces: [5, 9],
    first: [20, 90],
    extent: [10, 90],
    clutter: [1, 3],
  },
  flatLay: {
    pitch: [70, 86],
    scale: [30, 58],
    pieces: [5, 9],
    first: [20, 260],
    extent: [20, 260],
    clutter: [0, 2],
  },
  empty: { pitch: [14, 60], scale: [20, 60], pieces: [0, 0], first: [0, 0], extent: [0, 0], clutter: [0, 3] },
} as const satisfies Record<string, Recipe>

/** One round of photographs; the sample is four rounds. */
const ROUND: readonly (keyof typeof RECIPES)[] = [
  'closeUp',
  'table',
  'low',
  'overview',
  'macro',
  'table',
  'flatLay',
  'closeUp',
  'low',
  'table',
  'macro',
  'flatLay',
  'low',
  'table',
  'empty',
]

export const SCENES = 4 * ROUND.length

/** A quarter of each round, another one each time, so that the validation split sees every kind of photograph: 16 of 60. */
export function isValidation(index: number): boolean {
  const round = Math.floor(index / ROUND.length)
  return (index + 2 + 4 * round) % ROUND.length < 4
}

/** The recipe of a scene's number from 0. */
export const recipeOf = (index: number): Recipe => RECIPES[ROUND[index % ROUND.length]]
