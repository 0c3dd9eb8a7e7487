/** Adapts a model to classes that are added or removed while it learns. */
import type { Tensor } from '@tensorflow/tfjs-node-gpu'
import type { TrainingOptions } from '../../../core/contract/training.ts'
import type { ModelConfig } from '../../../core/detectors/model-config.ts'
import { Network } from '../model/network.ts'
import type { Parameter } from '../model/parameter.ts'
import { modelTensors } from '../model/tensors.ts'
import { tf } from '../tensor/tensorflow.ts'
import { partialLoad } from '../weights/partial-load.ts'
import type { StateDict } from '../weights/state-dict.ts'
import { initialWeights } from './initial-weights.ts'
import { beginLearning, endLearning, type Learning } from './learning.ts'

/**
 * The same model for other classes: rows go with their class's id, in the weights and their average; new classes begin as those
 * of a new model do. The optimiser's moments stay, but for the tensors whose rows are classes: theirs begin anew, since old and new
 * rows would need other corrections of their bias. Takes the old one.
 */
export function withClasses(
  old: Learning,
  classes: ModelConfig['classes'],
  options: TrainingOptions,
): Learning {
  const { model, average, optimiser } = old
  const config: ModelConfig = { ...model.config, classes }
  const source = rowsById(classes, model.config.classes)
  const specs = modelTensors(config)
  const initial = initialWeights(config, options.seed)
  const moved = (values: StateDict, missing: StateDict): StateDict =>
    new Map([...missing, ...partialLoad(specs, values, { source, initial: missing }).loaded])
  const learning = beginLearning(new Network(config, moved(model.parameters.toStateDict(), initial)), options)
  const put = (name: string, values: StateDict): Tensor =>
    tf.keep(learning.model.parameters.get(name).toDevice(values.get(name)!))

  if (average && learning.average) {
    const averages = moved(new Map([...initial, ...hostValues(model, average.values)]), initial)
    for (const [name, value] of learning.average.values) {
      learning.average.values.set(name, put(name, averages))
      value.dispose()
    }
  }
  const rows = new Set(specs.filter((spec) => spec.classes !== undefined).map(({ name }) => name))
  for (const [key, moment] of optimiser.moments) {
    const name = key.slice(key.indexOf('/') + 1)
    if (rows.has(name)) continue
    learning.optimiser.moments.set(key, tf.keep(tf.add(moment, 0)))
    const began = optimiser.began.get(name)
    if (began !== undefined) learning.optimiser.began.set(name, began)
  }
  endLearning(old)
  return learning
}

/** In torch's layout. */
function hostValues({ parameters }: Network, values: Iterable<readonly [string, Tensor]>): StateDict {
  const parameterOf = (name: string): Parameter => parameters.get(name)
  return new Map([...values].map(([name, value]) => [name, parameterOf(name).toHost(value)]))
}

/** Maps a class's present index to its previous one. */
function rowsById(now: ModelConfig['classes'], before: ModelConfig['classes']): Map<number, number> {
  const places = new Map(before.map(({ id }, place) => [id, place]))
  return new Map(
    now.flatMap(({ id }, place) => {
      const old = places.get(id)
      return old === undefined ? [] : [[place, old] as const]
    }),
  )
}
