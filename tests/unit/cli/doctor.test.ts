import { describe, expect, it } from 'vitest'
import { renderDoctor, runDoctor } from '../../../src/main/cli/commands/doctor.ts'
import { wasmRecord } from '../../support/wasm-record.ts'

describe('fcos doctor', () => {
  it('says that WebAssembly detects and does not train, why, and what to do', async () => {
    const report = await runDoctor(wasmRecord)
    expect(report).toMatchObject({ ready: true, trains: false })
    const lines = renderDoctor(report).split('\n')
    expect(lines).toContain('Runtime   TensorFlow.js 4.22.0 on WebAssembly: inference only, it cannot train')
    expect(lines).toContain('Because   TensorFlow needs a CPU with AVX')
    expect(lines.find((line) => line.includes('RUNTIME_INFERENCE_ONLY'))).toMatch(/run `npm run setup`/)
    expect(lines.at(-1)).toBe('Verdict   ready to detect, not to train')
  })

  it('asks for set-up where there was none', async () => {
    const report = await runDoctor(null)
    expect(report).toMatchObject({ ready: false, trains: false })
    expect(report.missing[0]?.code).toBe('RUNTIME_MISSING')
    expect(renderDoctor(report)).toContain('not ready')
  })
})
