/**
 * What looking through images with a model costs: raw maps on their way to the window, a move of a slider, the share of
 * the time in which the engine is at work while files are written. Prints one JSON line:
 *
 *   FCOS_MODEL=best.safetensors FCOS_IMAGES=folder node tests/bench/models.bench.ts
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { decodeCandidateFile, decodeMaps, gridOf } from '../../src/core/contract/model-assets.ts'
import type { FilesReport } from '../../src/core/contract/studio/models.ts'
import type { FcosConfig } from '../../src/core/detectors/fcos/config.ts'
import { FCOS } from '../../src/core/detectors/fcos/index.ts'
import { guessesOf } from '../../src/core/detectors/shared/select.ts'
import { PROJECT } from '../../src/main/setup/binding.ts'
import { createHost } from '../../src/main/studio/api/create-host.ts'
import { dispatch } from '../../src/main/studio/api/dispatch.ts'

const { FCOS_MODEL: model, FCOS_IMAGES: images } = process.env
if (!model || !images) throw new Error('Give FCOS_MODEL and FCOS_IMAGES')

const MOST = 24
const folder = await mkdtemp(join(tmpdir(), 'fcos-models-'))
process.env.FCOS_HOME = join(folder, 'home')
const host = createHost({ shell: 'browser', root: PROJECT, cacheFolder: join(folder, 'cache') })
const call = (name: string, params: unknown): Promise<unknown> => dispatch(host, name, params)

async function finished(started: unknown): Promise<unknown> {
  const { job: id } = started as { job: number }
  for (;;) {
    const job = host.jobs.list().find((entry) => entry.id === id)!
    if (job.error) throw new Error(job.error.message)
    if (job.state === 'done') return job.result
    await new Promise((next) => setTimeout(next, 20))
  }
}

const median = (values: number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!
const round = (value: number): number => Math.round(10 * value) / 10

async function timed<T>(work: () => T): Promise<[milliseconds: number, result: Awaited<T>]> {
  const start = performance.now()
  const result = await work()
  return [performance.now() - start, result]
}

try {
  await call('project.create', { folder: join(folder, 'project'), imageRoot: resolve(images) })
  for (const { id } of host.jobs.list()) await finished({ job: id })
  const { key } = (await call('models.use', { path: resolve(model) })) as { key: string }
  const ids = host.project.find('-has:error').slice(0, MOST)
  const get = async (what: string, id: number): Promise<Buffer> => {
    const { status, body } = await host.respond(`/asset/${what}/${id}`, new URLSearchParams({ model: key }))
    if (status !== 200) throw new Error(String(body))
    return body as Buffer
  }
  await get('maps', ids[0]!)

  // How long the engine itself took for the last image.
  let engineMs = 0
  const { engine } = host.models
  const inner = engine.call.bind(engine)
  engine.call = async (...request) => {
    const result = await inner(...request)
    if (result && 'milliseconds' in result)
      engineMs = result.milliseconds.decode + result.milliseconds.network
    return result
  }
  const [engineTimes, over, bytes]: [number[], number[], number[]] = [[], [], []]
  for (const id of ids.slice(1)) {
    const [took] = await timed(async () => {
      const file = await get('maps', id)
      bytes.push(file.length)
      const maps = decodeMaps(file)
      const { config } = maps.model
      FCOS.predictionMaps({ ...maps, config: config as FcosConfig, grid: gridOf(maps) })
    })
    engineTimes.push(engineMs)
    over.push(took - engineMs)
  }

  const slides: number[] = []
  let candidates = 0
  for (const id of ids) {
    const found = decodeCandidateFile(await get('candidates', id))
    candidates = Math.max(candidates, found.candidates.levels.length)
    for (const score of [0.02, 0.1, 0.3, 0.5]) {
      for (const nms of [0.3, 0.6, 0.9]) {
        const [took] = await timed(() => guessesOf(found.candidates, { score, nms, centerness: true }))
        slides.push(took)
      }
    }
  }

  const out = join(folder, 'out')
  const request = {
    ...{ model: resolve(model), images: { folder: resolve(images) }, out, format: 'coco', pictures: false },
    ...{ score: 0.05, nms: 0.6, thresholds: [] },
  }
  const { imagesPerSecond } = (await finished(await call('detect.files', request))) as FilesReport
  // The same images by the engine alone, with nobody who does anything with what it finds.
  const files = host.project.find('-has:error').map((id) => host.project.fileOf(id))
  const detect = { method: 'detect', model: resolve(model), images: files, size: null } as const
  const [alone] = await timed(() =>
    host.models.engine.call({ ...detect, score: 0.05, nms: 0.6, limit: 100, batch: 2 }),
  )
  console.log(
    JSON.stringify({
      images: ids.length,
      mapsMs: {
        engine: round(median(engineTimes)),
        over: round(median(over)),
        worst: round(Math.max(...over)),
      },
      mapsMb: round(median(bytes) / 1e6),
      sliderMs: { median: round(median(slides)), worst: round(Math.max(...slides)), candidates },
      files: {
        imagesPerSecond: round(imagesPerSecond!),
        engineAlone: round((1000 * files.length) / alone),
        busy: Math.round((1000 * imagesPerSecond! * alone) / (1000 * files.length)) / 1000,
      },
    }),
  )
} finally {
  await host.close()
  await rm(folder, { recursive: true })
}
