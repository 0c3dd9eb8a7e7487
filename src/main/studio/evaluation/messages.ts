/** Between the studio and the evaluator's process, by structured clone. */
import type { WireError } from '../../../core/errors.ts'
import type { Ask } from './analyst.ts'

export type ToEvaluator =
  | { readonly id: number; readonly ask: Ask; readonly params: unknown }
  | { readonly id: number; readonly abort: true }

export type FromEvaluator =
  | { readonly id: number; readonly progress: number; readonly detail: string }
  | { readonly id: number; readonly answer: unknown }
  | { readonly id: number; readonly error: WireError }
