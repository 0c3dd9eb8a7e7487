/** Answers GET /asset/maps/<image> and /asset/candidates/<image>. */
import type { CurrentModel } from '../../../core/contract/studio/models.ts'
import { CodedError } from '../../../core/errors.ts'
import { type AssetResponse, errorResponse } from '../assets/responses.ts'
import type { Project } from '../project/index.ts'
import type { Models } from './models.ts'

const ROUTE = /^\/asset\/(maps|candidates)\/([1-9]\d{0,14})$/

/** Never rejects but with the signal's reason. */
export async function respondModel(
  {
    models,
    project,
    assist,
  }: {
    readonly models: Models
    readonly project: Project
    readonly assist: { served(image: number, model: CurrentModel): void }
  },
  address: string,
  query: URLSearchParams,
  signal?: AbortSignal,
): Promise<AssetResponse> {
  try {
    const [, what, image] = ROUTE.exec(address) ?? []
    if (!what) throw new CodedError('USAGE_ADDRESS', 'There is nothing at this address')
    const path = what === 'maps' ? query.get('path') : null
    const model =
      path === null ? await models.inUse(project.path, query.get('model')) : await models.listed(path)
    const file = project.fileOf(Number(image))
    const bytes = await models.predictions[what as 'maps' | 'candidates'](model, file, signal)
    if (what === 'candidates') assist.served(Number(image), model)
    return {
      ...{ status: 200, type: 'application/octet-stream', headers: { 'cache-control': 'no-store' } },
      body: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength),
    }
  } catch (error) {
    signal?.throwIfAborted()
    return errorResponse(error)
  }
}
