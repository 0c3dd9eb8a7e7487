/**
 * `fcos detect` in parts: detects in one shard of the images or in all of them on a Ray cluster, and merges the
 * results of all parts.
 */
import { readFileSync } from 'node:fs'
import { copyFile, mkdir, rm } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import { JOB_FILES, requireProgramFor } from '../../../core/contract/job.ts'
import { detectorOf } from '../../../core/detectors/detectors.ts'
import type { ModelConfig } from '../../../core/detectors/model-config.ts'
import { CodedError, describe } from '../../../core/errors.ts'
import { describeProblem } from '../../../core/formats/problems.ts'
import { replaceFile } from '../../files/replace-file.ts'
import { isOnnxFile } from '../../files/weights-file.ts'
import {
  headLine,
  ListDigest,
  openParts,
  PartHead,
  partName,
  shardRange,
  writeList,
} from '../../jobs/detection-parts.ts'
import { hashOf } from '../../jobs/job-folder.ts'
import { PROGRAM, programFiles } from '../../jobs/python.ts'
import { RayCluster, rayAddress } from '../../jobs/ray.ts'
import { Journal } from '../../studio/detection/journal.ts'
import { keepBest, limitBefore } from '../../studio/detection/limit.ts'
import { resultWriter } from '../../studio/detection/results.ts'
import { startEngine } from '../../studio/engine/spawn.ts'
import { aboutCheckpoint } from '../../studio/engine/weights-file.ts'
import { findImages, type InputImage } from '../detection/inputs.ts'
import { interruptible } from '../interrupt.ts'
import { duration, type Progress } from '../progress.ts'
import { type DetectOptions, type DetectReport, hasClassScores, leastScores, lowest } from './detect.ts'

export interface PartsOptions extends Omit<DetectOptions, 'model'> {
  readonly model?: string
  /** "3/16" */
  readonly shard?: string
  readonly merge?: boolean
  readonly on?: string
  readonly storage?: string
  readonly actors?: number
  readonly gpus?: boolean
}

/** Number of images per request to the engine. */
const REQUEST = 200
/** Maximum number of images of a shard on a cluster, all of which are lost if an actor fails. */
const SHARD = 256

/** @throws CodedError USAGE_*, DATA_*, WEIGHTS_*, IO_*, ENGINE_*. */
export async function runParts(options: PartsOptions, progress: Progress): Promise<DetectReport> {
  if (options.overlay !== undefined) {
    throw new CodedError('USAGE_OPTIONS', '--overlay draws no pictures of parts', 'Leave it out')
  }
  try {
    if (options.merge) return await merge(options.images, options, progress)
    if (options.shard !== undefined) return await detectShard(options, options.shard, progress)
    return await detectOnRay(options, options.on!, progress)
  } finally {
    progress.end()
  }
}

/**
 * Writes the results of all parts in the order of the list. One image is in memory at a time; with formats other than
 * COCO, all of them.
 */
async function merge(
  folders: readonly string[],
  { out, format }: Pick<PartsOptions, 'out' | 'format'>,
  progress: Progress,
): Promise<DetectReport> {
  const [folder] = folders
  if (folder === undefined || folders.length > 1)
    throw new CodedError('USAGE_PARTS', 'One folder of parts is merged at a time', 'Give that folder')
  const started = performance.now()
  const { head, entries } = await openParts(folder)
  const least = new Map(head.classes.map(({ id }, k) => [id, head.rules.least[k] ?? Infinity]))
  const writer = await resultWriter(out, format)
  const count = { images: 0, skipped: 0, detections: 0, cut: 0, tiled: 0 }
  try {
    for await (const entry of entries()) {
      if ('error' in entry) {
        count.skipped++
        progress.say(`Skipped ${describe(entry.error)}`)
        continue
      }
      const { detections, cut } = keepBest(
        entry.detections,
        { limit: head.rules.most, before: head.rules.limit, tiles: entry.tiles },
        ({ categoryId, score }) => score >= least.get(categoryId)!,
      )
      count.images++
      count.detections += detections.length
      if (entry.cut || cut) count.cut++
      writer.add({ ...entry, detections })
    }
    const written = await writer.finish(head.classes, true)
    for (const problem of written.problems) progress.say(describeProblem(problem))
    const imagesPerSecond = (1000 * count.images) / (performance.now() - started)
    return { out: written.out, overlay: null, ...count, complete: true, imagesPerSecond }
  } catch (error) {
    writer.abandon()
    throw error
  }
}

/** Detects in a shard of the images with the studio's engine. An interrupted shard is continued. */
async function detectShard(options: PartsOptions, given: string, progress: Progress): Promise<DetectReport> {
  const [, shard, shards] = /^([1-9]\d*)\/([1-9]\d*)$/.exec(given)?.map(Number) ?? []
  if (shard === undefined || shards === undefined || shard > shards)
    throw new CodedError(
      'USAGE_SHARD',
      `--shard ${given} is no part of a whole`,
      'Give 3/16 for the third of 16',
    )
  const { inputs, head } = await plan(options, shards, progress)
  const { from, to } = shardRange(inputs.length, shards, shard)
  await mkdir(options.out, { recursive: true })
  const file = path.join(options.out, partName(shard))
  const journal = new Journal(file, headLine({ ...head, shard }))
  const count = { images: 0, skipped: 0, detections: 0, cut: 0, tiled: 0 }
  try {
    let done = 0
    for (const _ of journal.entries()) done++
    if (done > 0) progress.say(`${done} of its ${to - from} images were done before`)
    const started = performance.now()
    const { score, nms, limit, size, tile } = head.rules
    const engine = await startEngine({ fastMath: options.fastMath, runtime: options.runtime })
    const complete = await interruptible(
      (line) => progress.say(line),
      async (signal) => {
        for (let at = from + done; at < to && !signal.aborted; at += REQUEST) {
          const chunk = inputs.slice(at, Math.min(to, at + REQUEST))
          await engine.call(
            {
              ...{ method: 'detect', model: options.model!, batch: options.batch, score, nms, size, tile },
              ...{ limit: limit + 1, images: chunk.map((image) => image.path) },
              // Otherwise the results would depend on which machine takes which part.
              mayRound: options.fastMath === true,
            },
            (event) => {
              if (event.kind !== 'detected' && event.kind !== 'skipped') return
              const { id, fileName } = chunk[event.index]!
              if (event.kind === 'skipped') {
                count.skipped++
                progress.say(`Skipped ${describe(event.error)}`)
                return journal.add({ fileName, error: event.error })
              }
              const { width, height, tiles } = event
              const { detections, cut } = keepBest(event.detections, { limit, tiles })
              count.images++
              count.detections += detections.length
              if (cut) count.cut++
              if (event.tiles) count.tiled++
              journal.add({ id, fileName, width, height, cut, detections, ...(tiles && { tiles }) })
              const seen = at - from + event.index + 1
              const rate = (1000 * (seen - done)) / (performance.now() - started)
              progress.update(
                seen,
                to - from,
                `${rate.toFixed(1)} images/s  ${duration((to - from - seen) / rate)} left`,
              )
            },
            signal,
          )
        }
        return !signal.aborted
      },
    ).finally(() => engine.close())
    const imagesPerSecond = (1000 * count.images) / (performance.now() - started)
    return { out: file, overlay: null, ...count, complete, imagesPerSecond }
  } finally {
    journal.close()
  }
}

/**
 * Detects in all images in the actors of a Ray cluster. Shards that were complete before a failure are not repeated.
 */
async function detectOnRay(options: PartsOptions, on: string, progress: Progress): Promise<DetectReport> {
  const { out, storage, actors = 1, gpus = false } = options
  const cluster = new RayCluster(rayAddress(on))
  const { inputs, head, network } = await plan(
    options,
    (count) => Math.min(count, Math.max(4 * actors, Math.ceil(count / SHARD))),
    progress,
  )
  requireProgramFor(network, 'detect')
  if (await isOnnxFile(options.model!))
    throw new CodedError(
      'USAGE_MODEL',
      `${options.model} is an ONNX file, and on Ray it is PyTorch that detects`,
      'Give the checkpoint that it was exported from',
    )
  await cluster.version()
  const job = path.resolve(storage ?? path.dirname(path.resolve(out)), `${path.basename(out)}-job`)
  const program = path.join(job, JOB_FILES.program)
  for (const name of programFiles(PROGRAM)) {
    await mkdir(path.dirname(path.join(program, name)), { recursive: true })
    await copyFile(path.join(PROGRAM, name), path.join(program, name))
  }
  await copyFile(options.model!, path.join(job, 'model.safetensors'))
  // In the order of its schema, as parts that the studio's engine made have it.
  const { shard: _, ...about } = PartHead.parse(head)
  const list = inputs.map(({ id, fileName, path: file }) => ({ id, fileName, path: file }))
  const shards = await writeList(path.join(job, 'images.jsonl'), list, list.length, head.shards)
  const record = { format: 'fcos-studio-detect', version: 1, head: about, rules: head.rules, shards }
  await replaceFile(path.join(job, 'detect.json'), JSON.stringify(record))
  progress.say(`The job is in ${job}: the same command goes on with it`)
  const flags = `--actors ${actors}${gpus ? ' --gpus' : ''}`
  const id = await cluster.submit(
    `python -m fcos_job.ray_detect '${job.replaceAll("'", `'\\''`)}' ${flags}`,
    {
      PYTHONPATH: program,
    },
  )
  const { status, last } = await interruptible(
    (line) => progress.say(line),
    async (signal) => {
      signal.addEventListener('abort', () => void cluster.stop(id).catch(() => {}), { once: true })
      return cluster.ended(id, () => {
        const seen = readProgress(job)
        if (seen) progress.update(seen.done, seen.total, 'shards')
      })
    },
  )
  if (status !== 'SUCCEEDED') {
    const why = `The cluster's job ${id} ended (${status.toLowerCase()}): ${last}`
    throw new CodedError('ENGINE_DIED', why, 'The same command goes on where it was')
  }
  const report = await merge([path.join(job, 'parts')], options, progress)
  await rm(job, { recursive: true })
  return report
}

const ShardsDone = z.object({ done: z.int(), total: z.int() })

/** Undefined before the first shard is done. */
function readProgress(job: string): z.infer<typeof ShardsDone> | undefined {
  try {
    return ShardsDone.parse(JSON.parse(readFileSync(path.join(job, 'progress.json'), 'utf8')))
  } catch {
    return undefined
  }
}

async function plan(
  options: PartsOptions,
  shards: number | ((count: number) => number),
  progress: Progress,
): Promise<{ inputs: InputImage[]; head: PartHead; network: ModelConfig }> {
  const { images, from, model, limit, size, on, tile = on === undefined ? 'auto' : 'off' } = options
  if (model === undefined) throw new CodedError('USAGE_MODEL', '--model is missing', 'Give a checkpoint')
  const about = await aboutCheckpoint(model)
  if (about === null) {
    const why = `${model} does not say its classes, which all parts have to agree on`
    throw new CodedError('USAGE_MODEL', why, 'Give a checkpoint of this program')
  }
  const { classes } = about.config
  const { nms = detectorOf(about.config).nms } = options
  const scoreOf = leastScores(classes, options, about.thresholds, (line) => progress.say(line))
  const least = classes.map(({ id }) => (Number.isFinite(scoreOf(id)) ? scoreOf(id) : null))
  if (on !== undefined && tile !== 'off')
    throw new CodedError(
      'USAGE_OPTIONS',
      'Images are not detected in tiles on Ray',
      'Leave out --tile, or use --shard',
    )
  if (on !== undefined) progress.say('Large images are not detected in tiles on Ray, but shrunk')
  const inputs = await findImages(images, from ? { from } : {})
  if (inputs.some(({ labelled }) => labelled !== null)) {
    const why = 'Parts take images alone, not data sets, whose ids and classes would have to be translated'
    throw new CodedError('USAGE_SHARD', why, 'Give files, folders of images or globs')
  }
  const digest = new ListDigest()
  for (const input of inputs) digest.add(input)
  const head: PartHead = {
    ...{ format: 'fcos-studio-part', version: 1, images: digest.end(), count: inputs.length },
    shards: typeof shards === 'number' ? shards : shards(inputs.length),
    ...{ model: hashOf(model), classes },
    rules: {
      ...{ score: lowest(options, about.thresholds), nms, size: size ?? null, tile, least },
      ...{ limit: limitBefore(limit, hasClassScores(options, about.thresholds)), most: limit },
    },
    shard: 1,
  }
  if (head.shards > head.count)
    throw new CodedError(
      'USAGE_SHARD',
      `${head.count} images cannot be cut into ${head.shards} shards`,
      'Give fewer',
    )
  return { inputs, head, network: about.config }
}
