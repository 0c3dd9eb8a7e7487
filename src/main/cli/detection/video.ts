/** Videos through ffmpeg, where it is installed: their frames as images, and pictures as a video. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import type { Readable } from 'node:stream'
import { z } from 'zod'
import { CodedError } from '../../../core/errors.ts'
import { settleFile, unfinished } from '../../files/replace-file.ts'
import { run } from '../../process/run.ts'
import { kindOf } from '../../studio/datasets/files.ts'

export interface Video {
  readonly path: string
  /** Frames per second, as a fraction: "30000/1001". */
  readonly rate: string
  /** About how many there are; null where the file does not say. */
  readonly frames: number | null
}

/** A file may be a list of others: nothing but this file is read, and nothing from the network. */
const LOCAL = ['-v', 'error', '-protocol_whitelist', 'file,pipe'] as const

const fraction = z.string().regex(/^[1-9]\d*\/[1-9]\d*$/)
const Probe = z.object({
  streams: z.array(z.object({ avg_frame_rate: fraction, nb_frames: z.coerce.number().optional() })).min(1),
  format: z.object({ duration: z.coerce.number().optional() }),
})

/** @throws CodedError USAGE_NO_FILE, USAGE_FFMPEG where ffmpeg is missing, DATA_VIDEO where the file is no video. */
export async function openVideo(file: string): Promise<Video> {
  if ((await kindOf(file)) !== 'file') {
    throw new CodedError('USAGE_NO_FILE', `There is no video ${file}`, 'Check the path')
  }
  const entries = 'stream=avg_frame_rate,nb_frames:format=duration'
  const { status, stdout, stderr } = await run('ffprobe', [
    ...LOCAL,
    ...['-select_streams', 'v:0', '-show_entries', entries, '-of', 'json', source(file)],
  ])
  if (status === -1) {
    throw new CodedError(
      'USAGE_FFMPEG',
      `${file} is a video, and ffmpeg, which reads videos, is not installed here`,
      'Install ffmpeg (ffmpeg.org), so that `ffprobe -version` works, or give the frames as images',
    )
  }
  const probe = Probe.safeParse(status === 0 ? JSON.parse(stdout) : null)
  if (!probe.success) throw unreadable(file, stderr)
  const { streams, format } = probe.data
  const { avg_frame_rate: rate, nb_frames: counted } = streams[0]!
  const [frames, seconds] = rate.split('/').map(Number) as [number, number]
  const estimated = format.duration === undefined ? null : Math.round((format.duration * frames) / seconds)
  return { path: file, rate, frames: counted || estimated || null }
}

/**
 * The frames in order, turned as the video says, each as a BMP file.
 * @throws CodedError DATA_VIDEO where the video ends in damage; the frames before it have come.
 */
export async function* framesOf({ path: file }: Video): AsyncGenerator<Buffer> {
  const child = spawn(
    'ffmpeg',
    [
      ...['-nostdin', ...LOCAL, '-xerror', '-i', source(file), '-map', '0:v:0', '-fps_mode', 'passthrough'],
      ...['-c:v', 'bmp', '-pix_fmt', 'bgr24', '-f', 'image2pipe', '-'],
    ],
    { stdio: ['ignore', 'pipe', 'pipe'], windowsHide: true },
  )
  const ended = end(child)
  try {
    yield* bitmaps(child.stdout)
    const { status, stderr } = await ended
    if (status !== 0) throw unreadable(file, stderr)
  } finally {
    child.kill('SIGKILL')
  }
}

/** BMP files that follow each other; each begins with "BM" and its length. */
async function* bitmaps(stream: Readable): AsyncGenerator<Buffer> {
  const head = Buffer.alloc(6)
  let frame: Buffer | null = null
  let filled = 0
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    for (let at = 0; at < chunk.length; ) {
      const into: Buffer = frame ?? head
      const count = chunk.copy(into, filled, at)
      at += count
      filled += count
      if (filled < into.length) continue
      if (frame) {
        yield frame
        frame = null
        filled = 0
      } else {
        frame = Buffer.alloc(head.readUInt32LE(2))
        head.copy(frame)
      }
    }
  }
}

/** A video of pictures that come one by one. */
export class VideoWriter {
  readonly #out: string
  readonly #partial: string
  readonly #child: ChildProcess
  readonly #ended: ReturnType<typeof end>

  /** @param out ends in .mp4; it must not exist. */
  constructor(out: string, rate: string) {
    this.#out = out
    this.#partial = unfinished(out)
    // yuv420p, which every player knows, takes even sides alone.
    const even = 'pad=ceil(iw/2)*2:ceil(ih/2)*2'
    this.#child = spawn(
      'ffmpeg',
      [
        ...['-v', 'error', '-f', 'image2pipe', '-c:v', 'mjpeg', '-framerate', rate, '-i', '-'],
        ...['-vf', even, '-pix_fmt', 'yuv420p', '-f', 'mp4', '-y', source(this.#partial)],
      ],
      { stdio: ['pipe', 'ignore', 'pipe'], windowsHide: true },
    )
    // What goes wrong is told by its status.
    this.#child.stdin!.on('error', () => {})
    this.#ended = end(this.#child)
  }

  /** @param picture a JPEG. */
  async add(picture: Buffer): Promise<void> {
    const stdin = this.#child.stdin!
    if (stdin.write(picture) || stdin.destroyed) return
    await Promise.race([once(stdin, 'drain'), this.#ended])
  }

  /** @throws CodedError IO_VIDEO, IO_WRITE. */
  async finish(): Promise<void> {
    this.#child.stdin!.end()
    const { status, stderr } = await this.#ended
    if (status !== 0) {
      throw new CodedError('IO_VIDEO', `ffmpeg could not write ${this.#out}: ${lastLine(stderr)}`)
    }
    await settleFile(this.#partial, this.#out)
  }

  abandon(): void {
    this.#child.kill('SIGKILL')
  }

  get partial(): string {
    return this.#partial
  }
}

/** So that a name is never taken for an option or an address. */
const source = (file: string): string => `file:${path.resolve(file)}`

function end(child: ChildProcess): Promise<{ status: number; stderr: string }> {
  const kill = (): void => void child.kill('SIGKILL')
  process.once('exit', kill)
  let stderr = ''
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-4096)
  })
  return new Promise((resolve) => {
    child.on('error', (error) => resolve({ status: -1, stderr: error.message }))
    child.on('close', (status) => {
      process.off('exit', kill)
      resolve({ status: status ?? -1, stderr })
    })
  })
}

const unreadable = (file: string, stderr: string): CodedError =>
  new CodedError(
    'DATA_VIDEO',
    `${file} cannot be read as a video: ${lastLine(stderr)}`,
    'Check that a player shows it',
  )

const lastLine = (text: string): string => text.trim().split('\n').at(-1) || 'ffmpeg gives no reason'
