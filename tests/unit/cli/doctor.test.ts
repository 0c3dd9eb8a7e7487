import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { renderDoctor, runDoctor } from '../../../src/main/cli/commands/doctor.ts'
import { withSetupLock } from '../../../src/main/setup/lock.ts'
import { onnxRecord } from '../../support/onnx-record.ts'

describe('fcos doctor', () => {
  it('says that ONNX Runtime detects and does not train, why, and what to do', async () => {
    const report = await runDoctor(onnxRecord)
    expect(report).toMatchObject({ ready: true, trains: false })
    const lines = renderDoctor(report).split('\n')
    expect(lines).toContain('Runtime   ONNX Runtime on the CPU: inference only, it cannot train')
    expect(lines).toContain('Because   TensorFlow needs a CPU with AVX')
    expect(lines.find((line) => line.includes('RUNTIME_INFERENCE_ONLY'))).toMatch(/run `npm run setup`/)
    expect(lines.at(-1)).toBe('Verdict   ready to detect, but cannot train')
  })

  it('never says that something is missing above a verdict of ready', async () => {
    const path = process.env.PATH
    // Neither Python nor a compiler.
    process.env.PATH = '/nowhere'
    const report = await runDoctor(onnxRecord).finally(() => {
      process.env.PATH = path
    })
    expect(report).toMatchObject({ ready: true, missing: [] })
    expect(renderDoctor(report)).not.toMatch(/missing/i)
  })

  it('names a file that the engine uses and that has changed', async () => {
    const gone = { path: '/nowhere/libtensorflow_cc.so.2', bytes: 1, mtimeMs: 1, sha256: '' }
    const report = await runDoctor({
      ...onnxRecord,
      device: 'cpu',
      bindingPath: '/nowhere/b.node',
      files: [gone],
    })
    expect(report.ready).toBe(false)
    expect(report.missing[0]).toMatchObject({
      code: 'RUNTIME_DAMAGED',
      remedy: expect.stringContaining('setup'),
    })
    expect(renderDoctor(report)).toContain('Uses      /nowhere/libtensorflow_cc.so.2')
  })

  it.each(['/dev/null/cache', fileURLToPath(import.meta.url)])(
    'works with an unusable cache: %s',
    async (cache) => {
      vi.stubEnv('FCOS_CACHE', cache)
      onTestFinished(() => void vi.unstubAllEnvs())
      const report = await runDoctor(null)
      expect(report.cache).toEqual({ folder: cache, freeBytes: expect.any(Number) })
      expect(report.missing).toContainEqual(
        expect.objectContaining({ code: 'RUNTIME_CACHE', remedy: expect.stringContaining('FCOS_CACHE') }),
      )
      await expect(
        withSetupLock(
          cache,
          () => {},
          async () => 0,
        ),
      ).rejects.toMatchObject({ code: 'RUNTIME_CACHE' })
    },
  )

  it('asks for setup where there was none', async () => {
    const report = await runDoctor(null)
    expect(report).toMatchObject({ ready: false, trains: false })
    expect(report.missing[0]?.code).toBe('RUNTIME_MISSING')
    expect(renderDoctor(report)).toContain('not ready')
  })
})
