/** The views of the X-ray: what each shows of a location, and what its colours mean. */

export const XRAY_VIEWS = [
  'levels',
  'centerness',
  'sides',
  'left',
  'top',
  'right',
  'bottom',
  'owner',
  'ambiguity',
  'weight',
  'score',
] as const
export type XrayView = (typeof XRAY_VIEWS)[number]

/** Index of l, t, r, b in a location's four distances. */
export const SIDE = { left: 0, top: 1, right: 2, bottom: 3 } as const

export const isSide = (view: XrayView): view is keyof typeof SIDE => view in SIDE

/** In strides. A location on P4 to P6 regresses at most 8, since their ranges end at 8 strides of theirs. */
export const LONGEST_SIDE = 8

export interface ViewInfo {
  readonly title: string
  /** What the colours say, for the legend. */
  readonly meaning: string
  /** The values at both ends of the colour map; null where colours are not a scale. */
  readonly ends: readonly [low: string, high: string] | null
}

const sideInfo = (side: string, letter: string): ViewInfo => ({
  title: `${letter}: to the ${side} side`,
  meaning: `Distance to the ${side} side, in strides of the level`,
  ends: ['0', `≥ ${LONGEST_SIDE} strides`],
})

export const VIEW_INFO: Readonly<Record<XrayView, ViewInfo>> = {
  levels: {
    title: 'Levels',
    meaning: 'Locations that learn a box, in the colour of their level',
    ends: null,
  },
  centerness: {
    title: 'Centerness',
    meaning: 'Centerness target: 1 in the middle of the box that the location learns',
    ends: ['0', '1'],
  },
  sides: {
    title: 'l, t, r, b',
    meaning:
      'Distance to the farthest side, which decides the level, in strides; each side alone in the panel',
    ends: ['0', `≥ ${LONGEST_SIDE} strides`],
  },
  left: sideInfo('left', 'l'),
  top: sideInfo('top', 't'),
  right: sideInfo('right', 'r'),
  bottom: sideInfo('bottom', 'b'),
  owner: {
    title: 'Owner',
    meaning: 'A colour for each box: that of the box which the location learns',
    ends: null,
  },
  ambiguity: {
    title: 'Ambiguity',
    meaning: 'Locations that several boxes want: the winner solid, who would be next hatched, the rest grey',
    ends: null,
  },
  weight: {
    title: 'Box weight',
    meaning: 'Weight of the location in the box loss',
    ends: ['0', '1'],
  },
  score: {
    title: 'Class score',
    meaning: 'Score of the class: 1 where a box is to be learned, predicted that of the best class',
    ends: ['0', '1'],
  },
}

/** Whether the targets are shown, what the model in use predicts, or both, divided by a line or subtracted. */
export const XRAY_SOURCES = ['targets', 'predictions', 'wipe', 'difference'] as const
export type XraySource = (typeof XRAY_SOURCES)[number]

export const SOURCE_TITLES: Readonly<Record<XraySource, string>> = {
  targets: 'Targets',
  predictions: 'Predictions',
  wipe: 'Wipe',
  difference: 'Difference',
}

/** Of these there is a prediction; of others its score is shown. */
const isPredicted = (view: XrayView): boolean =>
  isSide(view) || ['levels', 'centerness', 'sides', 'score'].includes(view)

/** A difference this large has the last colour, in strides. */
export const LARGEST_DIFFERENCE = 2

/** What the colours mean. */
export function legendOf(view: XrayView, source: XraySource): ViewInfo {
  const info = VIEW_INFO[source === 'targets' || isPredicted(view) ? view : 'score']
  if (source !== 'difference') return info
  const inStrides = isSide(view) || view === 'sides'
  return {
    title: info.title,
    meaning: `How far the prediction is from the target, where there is one: ${info.title}`,
    ends: ['0', inStrides ? `≥ ${LARGEST_DIFFERENCE} strides` : '1'],
  }
}
