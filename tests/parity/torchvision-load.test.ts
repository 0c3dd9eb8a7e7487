/**
 * Checkpoints written here load in torchvision with strict=True, and PyTorch's own files of a whole model load here.
 * Needs a Python with torch, torchvision and safetensors in FCOS_PEER_PYTHON; skipped without.
 */
import { execFileSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { torchvisionConfig } from '../../src/core/detectors/fcos/presets.ts'
import { toFloat32 } from '../../src/core/formats/tensor-values.ts'
import { modelTensors } from '../../src/main/engine/model/tensors.ts'
import { readCheckpoint, writeCheckpoint } from '../../src/main/engine/weights/checkpoint.ts'
import { formulaStateDict } from '../support/formula.ts'

const python = process.env.FCOS_PEER_PYTHON
if (!python) console.warn('FCOS_PEER_PYTHON is not set: loading checkpoints in torchvision is not tested')

const config = torchvisionConfig([
  { id: 1, name: 'platelet' },
  { id: 2, name: 'red cell' },
  { id: 3, name: 'white cell' },
])

describe.skipIf(!python)('a checkpoint in torchvision', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'torchvision-'))
  })
  afterAll(() => rm(folder, { recursive: true }))

  test('loads there strictly, tensor for tensor, and comes back from torch.save', {
    timeout: 120_000,
  }, async () => {
    const tensors = formulaStateDict(modelTensors(config))
    const [checkpoint, saved] = [join(folder, 'model.safetensors'), join(folder, 'model.pth')]
    await writeCheckpoint(checkpoint, { config, tensors })
    const script = fileURLToPath(new URL('torchvision_load.py', import.meta.url))
    const sums = JSON.parse(execFileSync(python!, [script, checkpoint, saved], { encoding: 'utf8' }))
    expect(Object.keys(sums)).toEqual([...tensors.keys()])
    for (const [name, tensor] of tensors) {
      const sum = toFloat32(tensor).reduce((total, value) => total + value, 0)
      expect(sums[name], name).toBeCloseTo(sum, 6)
    }

    const back = await readCheckpoint(saved)
    expect(back.config.classes.map(({ id }) => id)).toEqual([0, 1, 2])
    expect([...back.tensors.keys()]).toEqual([...tensors.keys()])
    for (const [name, { bytes }] of tensors) {
      expect(Buffer.compare(back.tensors.get(name)!.bytes, bytes), name).toBe(0)
    }
  })
})
