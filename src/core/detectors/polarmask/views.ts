/** What can be drawn of PolarMask. L locations, K classes, n rays. */
import type { Pyramid } from '../../pyramid/levels.ts'
import { locationAt } from '../../pyramid/locations.ts'
import type { ObjectDetails } from '../assigner.ts'
import { BACKGROUND } from '../assigner.ts'
import type { HeadReading, PredictionMaps, Reading } from '../detector.ts'
import { sigmoid } from '../shared/sigmoid.ts'
import { AMBIGUITY_VIEW, LEVELS_VIEW, OWNER_VIEW, SCORE_VIEW, type View } from '../views.ts'
import type { PolarMaskConfig, PolarMaskRules } from './config.ts'
import { RANKING } from './decode.ts'
import { lengthOf } from './loss.ts'
import { polarObjects } from './objects.ts'
import { MISSING_RAY, polarCenterness, rayDirection } from './rays.ts'
import { raysOfObject } from './targets.ts'

export interface PolarMaskTargetMaps {
  /** The rays of a location that learns an object, when they are first asked for. */
  raysAt: (location: number) => LocationRays
}

interface LocationRays {
  readonly lengths: Float32Array
  /** [n] how often each crosses the outline. */
  readonly crossings: Uint16Array
}

const NO_RAYS: LocationRays = { lengths: new Float32Array(), crossings: new Uint16Array() }

export function targetMaps(
  grid: Pyramid,
  rules: PolarMaskRules,
  boxes: Float32Array,
  matched: Int32Array,
  into: PolarMaskTargetMaps = { raysAt: () => NO_RAYS },
  details: ObjectDetails = {},
): PolarMaskTargetMaps {
  const known = new Map<number, LocationRays>()
  const objects = polarObjects(grid.input, boxes, details)
  into.raysAt = (location) => {
    const gt = matched[location]
    if (gt === BACKGROUND) return NO_RAYS
    let found = known.get(location)
    if (!found) {
      const { x, y } = locationAt(grid, location)
      const crossings = new Uint16Array(rules.count)
      found = { lengths: raysOfObject(objects[gt], x, y, rules, crossings), crossings }
      known.set(location, found)
    }
    return found
  }
  return into
}

export interface PolarMaskPredictions extends PredictionMaps {
  /** [L] */
  readonly quality: Float32Array
  /** [L,n] pixels of the network's input. */
  readonly rays: Float32Array
}

export function predictionMaps(input: HeadReading<PolarMaskConfig>): PolarMaskPredictions {
  const { config, grid, parameters } = input
  const { logits, centerness, rays } = input.outputs as Record<string, Float32Array>
  const classes = config.classes.length
  const labels = new Int32Array(grid.locations)
  const classScores = new Float32Array(grid.locations)
  for (let location = 0; location < labels.length; location++) {
    let best = location * classes
    for (let at = best + 1; at < (location + 1) * classes; at++) if (logits[at] > logits[best]) best = at
    labels[location] = best - location * classes
    classScores[location] = sigmoid(logits[best])
  }
  const quality = centerness.map(sigmoid)
  const { count } = config.assignment
  const lengths = new Float32Array(rays.length)
  for (const [i, { first, rows, columns, stride }] of grid.levels.entries()) {
    for (let at = first * count; at < (first + rows * columns) * count; at++) {
      lengths[at] = lengthOf(config.head.unit, parameters.rayScales[i] * rays[at], stride)
    }
  }
  return {
    ...{ labels, classScores, quality, rays: lengths },
    scores: classScores.map((p, location) => RANKING.score(p, quality[location])),
  }
}

const direction = (ray: number, count: number) => {
  const [dx, dy] = rayDirection(ray, count)
  return { name: `${Math.round((360 * ray) / count)}°`, dx, dy }
}

export function readTarget({ raysAt }: PolarMaskTargetMaps, location: number): Reading {
  const { lengths, crossings } = raysAt(location)
  const isMissing = (ray: number) => lengths[ray] <= MISSING_RAY
  const of = lengths.length
  return {
    rays: Array.from(lengths, (length, ray) => ({
      ...direction(ray, lengths.length),
      length,
      mark: isMissing(ray) ? 'missing' : crossings[ray] > 1 ? 'jump' : undefined,
    })),
    isOutline: true,
    figures: [
      { title: 'polar centerness', value: polarCenterness(lengths) },
      { title: 'rays missing', value: [...lengths.keys()].filter(isMissing).length, of },
      {
        title: 'rays that cross the outline more than once',
        value: crossings.filter((n) => n > 1).length,
        of,
      },
    ],
  }
}

export function readPrediction({ rays, quality }: PolarMaskPredictions, location: number): Reading {
  const count = rays.length / quality.length
  const lengths = rays.subarray(location * count, (location + 1) * count)
  return {
    rays: Array.from(lengths, (length, ray) => ({ ...direction(ray, count), length })),
    isOutline: true,
    figures: [{ title: 'polar centerness', value: quality[location] }],
  }
}

const centernessOf =
  ({ raysAt }: PolarMaskTargetMaps) =>
  (location: number) =>
    polarCenterness(raysAt(location).lengths)

const CENTERNESS_VIEW: View<PolarMaskTargetMaps, PolarMaskPredictions> = {
  name: 'centerness',
  title: 'Polar centerness',
  meaning:
    'Square root of shortest to longest ray: 1 in the middle of a disc, next to 0 where a ray is missing',
  ends: ['0', '1'],
  targets: (maps) => ({ by: 'value', of: centernessOf(maps) }),
  predicted: ({ quality }) => ({ by: 'value', of: (location) => quality[location] }),
  difference: {
    ends: ['0', '1'],
    of: (maps, { quality }) => {
      const target = centernessOf(maps)
      return (location) => Math.abs(quality[location] - target(location))
    },
  },
}

const MISSING_VIEW: View<PolarMaskTargetMaps, PolarMaskPredictions> = {
  name: 'missing',
  title: 'Missing rays',
  meaning:
    'Share of the rays that do not meet the outline: of a location outside it. One of them ends what is learnt of the mask',
  ends: ['0', '1'],
  targets: ({ raysAt }) => ({
    by: 'value',
    of: (location) => {
      const { lengths } = raysAt(location)
      return lengths.filter((length) => length <= MISSING_RAY).length / lengths.length
    },
  }),
  predicted: null,
  difference: null,
}

export const POLARMASK_VIEWS: readonly View<PolarMaskTargetMaps, PolarMaskPredictions>[] = [
  LEVELS_VIEW,
  CENTERNESS_VIEW,
  MISSING_VIEW,
  OWNER_VIEW,
  AMBIGUITY_VIEW,
  SCORE_VIEW,
]
