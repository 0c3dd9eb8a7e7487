/** What of a detector's targets and predictions can be drawn: each view colours the locations of a grid. */

/** What gives a location its colour, and which are drawn: if not told, those that learn a box or score enough. */
export type Paint = { readonly drawn?: (location: number) => boolean } & (
  | /** A value in [0, 1] on the chosen colour map; beyond, the colour of the nearer end. */
  { readonly by: 'value'; readonly of: (location: number, stride: number) => number }
  | { readonly by: 'level' }
  /** A box, by index. */
  | { readonly by: 'box'; readonly of: (location: number) => number }
  /** As `box`, hatched with the box that would be next; where there is none, grey. */
  | {
      readonly by: 'contest'
      readonly of: (location: number) => number
      readonly next: (location: number) => number
    } /** In the colour of the level: solid, an outline alone, or solid with a ring. */
  | {
      readonly by: 'state'
      readonly of: (location: number) => 'solid' | 'hollow' | 'ringed'
    }
)

/** What is drawn over the cells, in pixels of the network's input, in the colour of a box. */
export type Mark = { readonly gt: number; readonly x: number; readonly y: number } & (
  | { readonly kind: 'cross' | 'plus' }
  | { readonly kind: 'ring'; readonly radius: number }
  | { readonly kind: 'square'; readonly half: number }
  | { readonly kind: 'arrow'; readonly toX: number; readonly toY: number }
)

/** [L] what the views that all detectors have in common draw of an assignment. */
export interface AssignedMaps {
  readonly matched: Int32Array
  /** See runnersUp; null where nobody asked for them. */
  readonly runnersUp: Int32Array | null
}

export interface Exception {
  /** "This model has no quality branch" */
  readonly note: string
  /** Whether it predicts something else in its place, which is drawn. */
  readonly isPredicted: boolean
}

export interface View<Targets, Predicted> {
  /** Unique among the detector's; settings remember it. */
  readonly name: string
  readonly title: string
  /** What the colours say, for the legend. */
  readonly meaning: string
  /** The values at both ends of the colour map, with their unit; null where colours are not a scale. */
  readonly ends: readonly [low: string, high: string] | null
  /** A key of its own. */
  readonly key?: string
  /** Views of values of which this one is made up; the panel shows them side by side. */
  readonly parts?: readonly string[]
  targets(maps: Targets & AssignedMaps): Paint
  marks?(maps: Targets & AssignedMaps): readonly Mark[]
  /** Null where the detector predicts nothing of the kind: then the class score is shown. */
  readonly predicted: ((maps: Predicted) => Paint) | null
  /** What to say of a model that, unlike others of its detector, predicts nothing to compare with the target; null of others. */
  exception?(maps: Predicted): Exception | null
  /** How far the prediction is from the target, in [0, 1]; the same where null. */
  readonly difference: {
    readonly ends: readonly [low: string, high: string]
    readonly of: (
      maps: Targets & AssignedMaps,
      predicted: Predicted,
    ) => (location: number, stride: number) => number
  } | null
}

interface Common {
  readonly classScores: Float32Array
}

/** Views of the assignment, which every detector has. */
export const LEVELS_VIEW: View<object, Common> = {
  name: 'levels',
  title: 'Levels',
  meaning: 'Locations that learn a box, in the colour of their level',
  ends: null,
  targets: () => ({ by: 'level' }),
  predicted: () => ({ by: 'level' }),
  difference: null,
}

export const OWNER_VIEW: View<object, Common> = {
  name: 'owner',
  title: 'Owner',
  meaning: 'A colour for each box: that of the box which the location learns',
  ends: null,
  targets: ({ matched }) => ({ by: 'box', of: (location) => matched[location]! }),
  predicted: null,
  difference: null,
}

export const AMBIGUITY_VIEW: View<object, Common> = {
  name: 'ambiguity',
  title: 'Ambiguity',
  meaning: 'Locations that several boxes want: the winner solid, who would be next hatched, the rest grey',
  ends: null,
  targets: ({ matched, runnersUp }) => ({
    by: 'contest',
    of: (location) => matched[location]!,
    next: (location) => runnersUp?.[location] ?? -1,
  }),
  predicted: null,
  difference: null,
}

export const SCORE_VIEW: View<object, Common> = {
  name: 'score',
  title: 'Class score',
  meaning: 'Score of the class: 1 where a box is to be learned, predicted that of the best class',
  ends: ['0', '1'],
  targets: () => ({ by: 'value', of: () => 1 }),
  predicted: ({ classScores }) => ({ by: 'value', of: (location) => classScores[location]! }),
  difference: {
    ends: ['0', '1'],
    of:
      (_, { classScores }) =>
      (location) =>
        1 - classScores[location]!,
  },
}
