/**
 * Preloaded into an engine (`node --import`), makes this machine one whose setup chose ONNX Runtime alone, and on which
 * tfjs-node does not load.
 */
import { registerHooks } from 'node:module'
import { onnxRecord } from './onnx-record.ts'

registerHooks({
  resolve(specifier, context, next) {
    if (specifier.startsWith('@tensorflow/tfjs-node')) throw new Error('tfjs-node has no binding here')
    return next(specifier, context)
  },
  load(url, context, next) {
    if (!url.endsWith('/tensor/runtime-record.ts')) return next(url, context)
    const source = `export const runtimeRecord = () => (${JSON.stringify(onnxRecord)})
      export const tensorflowFault = () => null`
    return { format: 'module', shortCircuit: true, source }
  },
})
