/** Points of an evaluation for drawing: /asset/evaluation/<id>/points (core/contract/studio/evaluation-points.ts). */

import { EVALUATION_METHODS } from '../../../core/contract/studio/evaluation.ts'
import { CodedError } from '../../../core/errors.ts'
import { type AssetResponse, errorResponse } from '../assets/responses.ts'
import type { Evaluations } from './evaluations.ts'

const POINTS = /^\/asset\/evaluation\/([0-9a-z]+)\/points$/

/** Never rejects. */
export async function respondWithPoints(
  evaluations: () => Evaluations,
  path: string,
  query: URLSearchParams,
): Promise<AssetResponse> {
  try {
    const evaluation = POINTS.exec(path)?.[1]
    const params = EVALUATION_METHODS['evaluation.scores'].params.safeParse({
      evaluation,
      ...Object.fromEntries(query),
    })
    if (!params.success) throw new CodedError('USAGE_ADDRESS', 'There is nothing at this address')
    const points = await evaluations().call('points', params.data)
    // Frozen data never change, so that browsers may cache them.
    const headers = { 'cache-control': 'private, max-age=31536000, immutable' }
    return { status: 200, type: 'application/octet-stream', headers, body: Buffer.from(points) }
  } catch (error) {
    return errorResponse(error)
  }
}
