/** The table of all detectors. To add one: a folder beside `fcos`, and a row here. */
import { z } from 'zod'
import { CodedError } from '../errors.ts'
import { ATSS } from './atss/index.ts'
import { CENTERNET } from './centernet/index.ts'
import type { ModelChoices as Choices, Detector } from './detector.ts'
import { FCOS } from './fcos/index.ts'
import type { ModelConfig as Config } from './model-config.ts'
import { POLARMASK } from './polarmask/index.ts'
import { RETINANET } from './retinanet/index.ts'

/** The type of a table whose rows differ: whoever takes one does not know which it is. */
// biome-ignore lint/suspicious/noExplicitAny: a detector takes its own configuration, targets and maps alone, and gets no others
type AnyDetector = Detector<any, any, any, any>

const DETECTORS: AnyDetector[] = [FCOS, RETINANET, ATSS, CENTERNET, POLARMASK]

/** Adds a row from outside, before anything is read or built. Every process that is to know the detector does so. */
export function register(detector: AnyDetector): void {
  DETECTORS.push(detector)
}

export const detectors = (): readonly AnyDetector[] => DETECTORS

/** What configurations without a name are of, and new models where nothing else is asked for. */
const DEFAULT: AnyDetector = FCOS

/** The detector of a configuration. @throws CodedError USAGE_DETECTOR for a name that this program does not know. */
export function detectorOf({ detector }: Pick<Config, 'detector'>): AnyDetector {
  if (detector === undefined) return DEFAULT
  const found = DETECTORS.find(({ name }) => name === detector)
  if (found) return found
  const known = DETECTORS.map(({ name }) => name).join(', ')
  throw new CodedError('USAGE_DETECTOR', `There is no detector ${detector}`, `Choose one of ${known}`)
}

/** Filled when it is first used, so that it holds what was registered. */
const schemaOf = <T>(of: (detector: AnyDetector) => z.ZodType<T>): z.ZodType<T> =>
  z.lazy(() => {
    const [first, ...rest] = DETECTORS.map(of)
    // A type for each row would have to be written out to tell the union what its parts are.
    const parts = [first, ...rest] as unknown as Parameters<typeof z.discriminatedUnion>[1]
    return rest.length === 0 ? first! : (z.discriminatedUnion('detector', parts) as unknown as z.ZodType<T>)
  })

/** The configuration of a model of any detector. */
export const ModelConfig: z.ZodType<Config> = schemaOf(({ config }) => config)
export type ModelConfig = Config

/** Choices that change the model itself; they only apply where training does not start from a checkpoint of ours. */
export const ModelChoices: z.ZodType<Choices> = schemaOf(({ choices }) => choices)
export type ModelChoices = Choices
