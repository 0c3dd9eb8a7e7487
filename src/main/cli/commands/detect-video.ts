/** `fcos detect` on videos: each frame is an image, and --overlay makes a video. */
import { existsSync } from 'node:fs'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { DetectResult } from '../../../core/contract/engine.ts'
import { CodedError, describe } from '../../../core/errors.ts'
import { describeProblem } from '../../../core/formats/problems.ts'
import { temporaryFolder } from '../../files/temporary-folder.ts'
import { requireWeightsFile } from '../../files/weights-file.ts'
import { requireIntactWeights } from '../../setup/weights.ts'
import { drawOverlay } from '../../studio/detection/overlay/overlay.ts'
import { type DetectedImage, resultWriter } from '../../studio/detection/results.ts'
import type { Engine } from '../../studio/engine/client.ts'
import { startEngine } from '../../studio/engine/spawn.ts'
import { aboutCheckpoint } from '../../studio/engine/weights-file.ts'
import { framesOf, openVideo, type Video, VideoWriter } from '../detection/video.ts'
import { isVideo } from '../detection/video-name.ts'
import { interruptible } from '../interrupt.ts'
import { duration, type Progress } from '../progress.ts'
import {
  cutNote,
  type DetectOptions,
  type DetectReport,
  drawingOf,
  leastScores,
  lowest,
  SHOWN_SCORE,
  tiledNote,
} from './detect.ts'

/** Frames that lie on the disk at a time. */
const FRAMES = 32

/** @throws CodedError USAGE_*, DATA_*, WEIGHTS_*, IO_*, ENGINE_*, RUNTIME_*. */
export async function runDetectVideo(options: DetectOptions, progress: Progress): Promise<DetectReport> {
  const { model, images: files, overlay, out } = options
  const other = files.find((file) => !isVideo(file))
  if (other !== undefined) {
    const remedy = 'Run the command once for the videos and once for the images'
    throw new CodedError('USAGE_OPTIONS', `${other} is no video, but others are`, remedy)
  }
  requireWeightsFile(model, 'USAGE_NO_FILE')
  await requireIntactWeights(model)
  const videos: Named[] = []
  for (const file of files) videos.push({ ...(await openVideo(file)), name: nameOf(file, videos) })
  const pictures = videos.map(({ name }) => overlay && path.join(overlay, `${path.parse(name).name}.mp4`))
  const taken = pictures.find((file, i) => file && (existsSync(file) || pictures.indexOf(file) < i))
  if (taken) {
    throw new CodedError('DATA_EXISTS', `${taken} already exists`, 'Choose another folder with --overlay')
  }
  if (overlay) await mkdir(overlay, { recursive: true })
  const own = (await aboutCheckpoint(model))?.thresholds
  const writer = await resultWriter(out, options.format)
  const folder = await temporaryFolder('frames')
  try {
    const { fastMath, runtime, device, threads } = options
    const engine = await startEngine({ fastMath, runtime, device, threads })
    try {
      const detecting = new VideoDetection(engine, options, own, folder, progress)
      const start = performance.now()
      const complete = await interruptible(
        (line) => progress.say(line),
        async (signal) => {
          for (const [i, video] of videos.entries()) {
            const drawn = pictures[i] ? new VideoWriter(pictures[i], video.rate) : null
            try {
              for await (const image of detecting.through(video, drawn, signal)) writer.add(image)
              if (!signal.aborted) await drawn?.finish()
            } finally {
              drawn?.abandon()
              if (drawn) await rm(drawn.partial, { force: true })
            }
            if (signal.aborted) return false
          }
          return true
        },
      )
      const seconds = (performance.now() - start) / 1000
      const written = await writer.finish(detecting.classes, complete)
      for (const problem of written.problems) progress.say(describeProblem(problem))
      const { frames, detections, cut, tiled } = detecting
      if (tiled > 0) progress.say(tiledNote(tiled))
      if (cut > 0) progress.say(cutNote(cut, options.limit))
      return {
        ...{ out: written.out, overlay: overlay ?? null, images: frames, skipped: 0 },
        ...{ detections, cut, tiled, complete, imagesPerSecond: frames / seconds },
      }
    } finally {
      await engine.close()
    }
  } catch (error) {
    writer.abandon()
    throw error
  } finally {
    progress.end()
    await rm(folder, { recursive: true, force: true })
  }
}

/** `name` is the folder of its frames in the results. */
type Named = Video & { readonly name: string }

function nameOf(file: string, before: readonly Named[]): string {
  const { base, name, ext } = path.parse(file)
  let found = base
  for (let n = 2; before.some((one) => one.name === found); n++) found = `${name}-${n}${ext}`
  return found
}

class VideoDetection {
  frames = 0
  detections = 0
  cut = 0
  tiled = 0
  classes: DetectResult['classes'] = []
  readonly #engine: Engine
  readonly #options: DetectOptions
  readonly #own: readonly number[] | undefined
  readonly #folder: string
  readonly #progress: Progress

  constructor(
    engine: Engine,
    options: DetectOptions,
    own: readonly number[] | undefined,
    folder: string,
    progress: Progress,
  ) {
    this.#engine = engine
    this.#options = options
    this.#own = own
    this.#folder = folder
    this.#progress = progress
  }

  /** The frames' detections, in order. */
  async *through(
    video: Named,
    drawn: VideoWriter | null,
    signal: AbortSignal,
  ): AsyncGenerator<DetectedImage> {
    const start = performance.now()
    let [first, files]: [number, string[]] = [1, []]
    const step = async (): Promise<DetectedImage[]> => {
      const found = await this.#detect(video, first, files, drawn, signal)
      await Promise.all(files.map((file) => rm(file)))
      const done = first + files.length - 1
      const rate = (1000 * done) / (performance.now() - start)
      const total = Math.max(done, video.frames ?? done)
      const left = video.frames === null ? '' : `  ${duration((total - done) / rate)} left`
      this.#progress.update(done, total, `${video.name}  ${rate.toFixed(1)} frames/s${left}`)
      first += files.length
      files = []
      return found
    }
    for await (const frame of framesOf(video)) {
      const file = path.join(this.#folder, `${files.length}.bmp`)
      await writeFile(file, frame)
      files.push(file)
      if (files.length === FRAMES) yield* await step()
      if (signal.aborted) return
    }
    if (files.length > 0) yield* await step()
  }

  async #detect(
    { name }: Named,
    first: number,
    images: readonly string[],
    drawn: VideoWriter | null,
    signal: AbortSignal,
  ): Promise<DetectedImage[]> {
    const { model, nms = null, limit, batch, size = null, tile, score } = this.#options
    const found: DetectedImage[] = []
    let refused: unknown = null
    const isFirst = this.classes.length === 0
    const say = (line: string): void => {
      if (isFirst) this.#progress.say(line)
    }
    let least = (_: number): number => 0
    await this.#engine.call(
      {
        ...{ method: 'detect', model, images: [...images], nms, batch, size },
        ...{ score: lowest(this.#options, this.#own), limit: limit + 1, ...(tile !== undefined && { tile }) },
        mayRound: this.#options.fastMath !== false,
      },
      (event) => {
        if (event.kind === 'note') this.#progress.say(event.message)
        if (event.kind === 'classes') {
          this.classes = event.classes
          say(`Detecting on ${event.runtime}`)
          try {
            least = leastScores(event.classes, this.#options, this.#own, say)
          } catch (error) {
            refused = error
          }
        }
        if (event.kind === 'skipped') refused ??= new CodedError('DATA_VIDEO', describe(event.error))
        if (event.kind !== 'detected' || refused !== null) return
        const { width, height } = event
        const most = limit * (event.tiles ?? 1)
        if (event.tiles) this.tiled++
        if (event.detections.length > most) this.cut++
        const detections = event.detections.slice(0, most).filter((one) => one.score >= least(one.categoryId))
        const frame = String(first + event.index).padStart(6, '0')
        found.push({
          id: this.frames + event.index + 1,
          fileName: `${name}/${frame}.png`,
          width,
          height,
          detections,
        })
      },
      signal,
    )
    if (refused !== null) throw refused
    this.frames += found.length
    for (const [i, { detections }] of found.entries()) {
      this.detections += detections.length
      if (!drawn || signal.aborted) continue
      const picture = path.join(this.#folder, 'picture.jpg')
      const shown = drawingOf(detections, this.classes, score ?? SHOWN_SCORE)
      await drawOverlay(images[i]!, { detections: shown, truth: [] }, picture)
      await drawn.add(await readFile(picture))
    }
    return found
  }
}
