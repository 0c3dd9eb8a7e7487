import { CodedError } from '../../../../core/errors.ts'

const RESAVE = 'Save it again in PyTorch with torch.save(model.state_dict(), …) or as safetensors'

export function malformed(what: string, options?: ErrorOptions): CodedError {
  return new CodedError(
    'WEIGHTS_PICKLE',
    `The PyTorch file is malformed: ${what}`,
    'Copy or download it again',
    options,
  )
}

export function unsupported(what: string): CodedError {
  return new CodedError('WEIGHTS_FORMAT', what, RESAVE)
}

export function unsafe(name: string): CodedError {
  return new CodedError(
    'WEIGHTS_UNSAFE',
    `The PyTorch file asks for ${name}, which no list of weights needs; nothing in it was run`,
    `If you trust it: ${RESAVE.charAt(0).toLowerCase()}${RESAVE.slice(1)}`,
  )
}
