/** Detection in videos: frames are what the same pictures are, and without ffmpeg it says what is missing. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import sharp from 'sharp'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { type DetectOptions, runDetect } from '../../../src/main/cli/commands/detect.ts'
import { runDetectVideo } from '../../../src/main/cli/commands/detect-video.ts'
import { openVideo } from '../../../src/main/cli/detection/video.ts'
import { Progress } from '../../../src/main/cli/progress.ts'
import { scratch } from '../../support/scratch.ts'

const SAMPLE = fileURLToPath(new URL('../../../resources/sample/', import.meta.url))
const FRAMES = 3
const RATE = '10/1'

function hasFfmpeg(): boolean {
  try {
    execFileSync('ffmpeg', ['-version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
const isThere = hasFfmpeg()
if (!isThere) console.warn('ffmpeg is not installed: detection in videos is not tested')

const said: string[] = []
const progress = () =>
  new Progress({ isTTY: false, write: (line: string) => said.push(line) } as unknown as NodeJS.WriteStream)

const optionsFor = (images: readonly string[], out: string): DetectOptions => ({
  ...{ model: `${SAMPLE}run/best.safetensors`, images, out, format: 'coco', limit: 100, batch: 1 },
  ...{ score: 0.3, runtime: 'onnx' },
})

const resultsIn = (file: string): { file_name: string; score: number; bbox: number[] }[] =>
  JSON.parse(readFileSync(file, 'utf8'))

afterEach(() => {
  vi.unstubAllEnvs()
  said.length = 0
})

describe.skipIf(!isThere)('with ffmpeg', () => {
  test('each frame gives what its picture gives, and the pictures become a video', async () => {
    const folder = await scratch()
    const frames = path.join(folder, 'frames')
    mkdirSync(frames)
    for (let i = 1; i <= FRAMES; i++) {
      // An odd width: videos in colours that every player knows have even ones.
      const picture = sharp(`${SAMPLE}images/table-0${i}.jpg`).resize(321, 240, { fit: 'fill' })
      await picture.png().toFile(path.join(frames, `00000${i}.png`))
    }
    const clip = path.join(folder, 'clip.mkv')
    const input = ['-framerate', RATE, '-i', path.join(frames, '%06d.png')]
    execFileSync('ffmpeg', ['-v', 'error', ...input, '-c:v', 'ffv1', '-pix_fmt', 'bgr0', clip])
    const [fromVideo, fromImages] = ['video.json', 'images.json'].map((name) => path.join(folder, name))
    const overlay = path.join(folder, 'pictures')
    const report = await runDetectVideo({ ...optionsFor([clip], fromVideo!), overlay }, progress())
    await runDetect(optionsFor([frames], fromImages!), progress())
    expect(report).toMatchObject({ images: FRAMES, skipped: 0, complete: true, overlay })

    const found = resultsIn(fromVideo!)
    expect(found.length).toBeGreaterThan(5)
    const names = found.map(({ file_name }) => file_name)
    expect(new Set(names)).toEqual(new Set([1, 2, 3].map((i) => `clip.mkv/00000${i}.png`)))
    const alike = found.map((one) => ({ ...one, file_name: path.basename(one.file_name) }))
    expect(alike).toEqual(resultsIn(fromImages!))

    const drawn = path.join(overlay, 'clip.mp4')
    expect(readdirSync(overlay)).toEqual(['clip.mp4'])
    expect(await openVideo(drawn)).toEqual({ path: drawn, rate: RATE, frames: FRAMES })
    // It is not replaced.
    const again = runDetectVideo({ ...optionsFor([clip], fromVideo!), overlay }, progress())
    await expect(again).rejects.toMatchObject({ code: 'DATA_EXISTS' })
  }, 60_000)

  test('what is no video is refused by name, and so are images beside videos', async () => {
    const folder = await scratch()
    const [text, out] = [path.join(folder, 'text.mp4'), path.join(folder, 'found.json')]
    writeFileSync(text, 'no video')
    const code = (images: string[]) =>
      runDetectVideo(optionsFor(images, out), progress()).catch((error: { code: string }) => error.code)
    expect(await code([text])).toBe('DATA_VIDEO')
    expect(await code([path.join(folder, 'none.mp4')])).toBe('USAGE_NO_FILE')
    expect(await code([text, `${SAMPLE}images/table-01.jpg`])).toBe('USAGE_OPTIONS')
    expect(existsSync(out)).toBe(false)
  })

  test('a list of other files is no video, so that nothing else is read', async () => {
    const folder = await scratch()
    const list = path.join(folder, 'list.mp4')
    writeFileSync(list, `#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/a.ts\n#EXT-X-ENDLIST\n`)
    await expect(openVideo(list)).rejects.toMatchObject({ code: 'DATA_VIDEO' })
  })
})

test('without ffmpeg it says that ffmpeg is missing, and what to do', async () => {
  const folder = await scratch()
  const clip = path.join(folder, 'clip.mp4')
  writeFileSync(clip, '')
  vi.stubEnv('PATH', path.join(tmpdir(), 'nowhere'))
  await expect(openVideo(clip)).rejects.toMatchObject({
    code: 'USAGE_FFMPEG',
    message: expect.stringContaining(clip),
    remedy: expect.stringContaining('Install ffmpeg'),
  })
})
