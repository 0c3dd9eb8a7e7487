import { torchvisionConfig } from '../../src/core/detectors/fcos/presets.ts'
import { modelTensors } from '../../src/main/engine/model/tensors.ts'

/** Names and shapes of torchvision's FCOS with this many classes. */
export const r50Tensors = (classes: number) =>
  modelTensors(torchvisionConfig(Array.from({ length: classes }, (_, id) => ({ id, name: `class ${id}` }))))
