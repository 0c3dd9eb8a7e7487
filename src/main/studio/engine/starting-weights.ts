/** Finds the weights that a training starts from: pretrained ones in the cache, or a file of the user. */
import { type Architecture, isArchitecture, MODELS } from '../../../core/detectors/architectures.ts'
import { detectorOf } from '../../../core/detectors/detectors.ts'
import { CodedError, describe, toWire } from '../../../core/errors.ts'
import { requireWeightsFile } from '../../files/weights-file.ts'
import { provideWeights, readModels, requireIntactWeights, weightsPath } from '../../setup/weights.ts'

export interface StartingWeights {
  /** Null if the file says it. */
  readonly architecture: Architecture | null
  /** null: random weights. */
  readonly file: string | null
}

/**
 * @param model one of ARCHITECTURES, or a path.
 * @param detector whose published weights are preferred; FCOS where undefined.
 * @param say is told about downloads, and about starting from nothing where they fail.
 * @throws CodedError USAGE_NO_FILE.
 */
export async function startingWeights(
  model: string,
  say: (line: string) => void,
  detector?: string,
): Promise<StartingWeights> {
  if (isArchitecture(model)) return pretrained(model, detector, say)
  requireWeightsFile(model, 'USAGE_NO_FILE')
  await requireIntactWeights(model)
  return { architecture: null, file: model }
}

async function pretrained(
  architecture: Architecture,
  detector: string | undefined,
  say: (line: string) => void,
): Promise<StartingWeights> {
  const names = [
    ...(detectorOf({ detector }).pretrained[architecture] ?? []),
    ...MODELS[architecture].pretrained,
  ]
  const models = names.map((name) => readModels().find((model) => model.name === name)!)
  let refusal = ''
  for (const model of models) {
    try {
      return { architecture, file: await provideWeights(model, { log: say }) }
    } catch (error) {
      if (!(error instanceof CodedError)) throw error
      refusal = describe(toWire(error))
    }
  }
  const places = models.map((model) => weightsPath(model)).join(' or ')
  say(`No pretrained weights: ${refusal}`)
  say(
    `Training starts from random weights, which needs far more images and steps. To use pretrained weights, put the file at ${places}`,
  )
  return { architecture, file: null }
}
