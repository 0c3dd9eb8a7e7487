/** Preloaded into an engine (`node --import`), makes TensorFlow's binding one that is there and does not load. */
import { registerHooks } from 'node:module'

registerHooks({
  resolve(specifier, context, next) {
    if (specifier.startsWith('@tensorflow/tfjs-node')) throw new Error('libtensorflow.so.2: cannot open it')
    return next(specifier, context)
  },
})
