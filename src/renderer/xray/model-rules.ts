/** The rules by which the X-ray assigns targets: those of a model, or changed by the user to see the effect. */
import { z } from 'zod'
import { detectorOf } from '../../core/detectors/detectors.ts'
import {
  AssignmentRules,
  DIALECTS,
  type FcosConfig,
  LossConfig,
  rangesFor,
} from '../../core/detectors/fcos/config.ts'
import { FCOS } from '../../core/detectors/fcos/index.ts'
import { lite0Config, torchvisionConfig } from '../../core/detectors/fcos/presets.ts'
import type { ModelConfig } from '../../core/detectors/model-config.ts'
import type { InputSetting } from '../../core/inspect/setting.ts'
import { LEVEL_NAMES } from '../../core/pyramid/levels.ts'

export const ModelRules = z.object({
  input: z.object({ shortSide: z.int().min(32).max(4096), longSide: z.int().min(32).max(8192) }),
  rules: AssignmentRules,
  boxWeight: LossConfig.shape.boxWeight,
})
export interface ModelRules extends InputSetting {
  readonly rules: AssignmentRules
  readonly boxWeight: LossConfig['boxWeight']
  /** Set if the detector is not FCOS, in which case the rules are its own. */
  readonly loss?: unknown
}

/** What the user changed of detectors' rules, by the detector's name. */
export const Changes = z.record(z.string(), z.unknown())

/** The rules of a model of any detector. */
export function rulesOf(config: ModelConfig): ModelRules {
  const { detector, input, assignment, loss } = config
  if (detectorOf(config) === FCOS) return rulesOfModel(config as FcosConfig)
  const { shortSide, longSide } = input
  const rules = assignment as AssignmentRules
  return { detector, input: { shortSide, longSide }, rules, boxWeight: 'none', loss }
}

export function rulesOfModel({ input, assignment, loss }: Omit<FcosConfig, 'classes'>): ModelRules {
  const regressionRanges = assignment.regressionRanges ?? rangesFor(LEVEL_NAMES)
  return {
    input: { shortSide: input.shortSide, longSide: input.longSide },
    rules: { ...assignment, regressionRanges },
    boxWeight: loss.boxWeight,
  }
}

/**
 * The rules of a detector other than FCOS, at an input size.
 * @param chosen what the user changed of its preset's `assignment`; ignored where it does not fit the detector any more
 */
export function rulesOfDetector(name: string, input: ModelRules['input'], chosen: unknown): ModelRules {
  const { config, presets } = detectorOf({ detector: name })
  const preset = presets.lite0([{ id: 1, name: '' }])
  const changed = { ...preset, assignment: { ...(preset.assignment as object), ...(chosen as object) } }
  const { assignment, loss } = config.safeParse(changed).success ? changed : preset
  return { detector: name, input, rules: assignment as AssignmentRules, boxWeight: 'none', loss }
}

const torchvision = rulesOfModel(torchvisionConfig([]))

export const MODELS = {
  lite0: { title: 'Lite0, 416 px', rules: rulesOfModel(lite0Config([])) },
  torchvision: { title: 'torchvision R50, 800 px', rules: torchvision },
  authors: {
    title: 'Paper (authors), 800 px',
    rules: {
      ...torchvision,
      rules: { ...torchvision.rules, ...DIALECTS.authors },
      boxWeight: 'centerness',
    },
  },
} as const satisfies Record<string, { readonly title: string; readonly rules: ModelRules }>
export type ModelName = keyof typeof MODELS
export const MODEL_NAMES = Object.keys(MODELS) as ModelName[]

/** The model whose rules these are; undefined if any rule was changed. */
export const modelOf = (rules: ModelRules): ModelName | undefined =>
  MODEL_NAMES.find((name) => isSame(MODELS[name].rules, rules))

/** Deep equality that ignores the order of keys. */
function isSame(a: unknown, b: unknown): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b
  const keys = new Set([...Object.keys(a), ...Object.keys(b)])
  return [...keys].every((key) => isSame(a[key as keyof typeof a], b[key as keyof typeof b]))
}
