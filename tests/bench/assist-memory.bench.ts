/**
 * Whether Assist's memory stays flat while many images are finished: 500 small ones, through the studio, with the real learner.
 * Prints one JSON line, resident memory in MB after every 50 images: node tests/bench/assist-memory.bench.ts [images]
 *
 * studio: this process, which also simulates the labeller. learner and viewing: the engines that learn and that answer for the
 * open image.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import type { EngineImage } from '../../src/core/contract/engine.ts'
import type { BoxXyxy } from '../../src/core/geometry/box.ts'
import { startEngine } from '../../src/main/studio/engine/spawn.ts'
import { createProject, scanImages } from '../../src/main/studio/project/index.ts'
import { CATEGORIES, pictures, SMALL } from '../support/pictures.ts'
import { label } from '../support/simulated-labeller.ts'
import { engineHost, engines } from '../support/training.ts'

const EVERY = 50
/** The learner takes some steps from each image before the next is finished. */
const STEPS = 3
const count = Number(process.argv[2] ?? 500)

const residentMb = (pid: number): number => {
  const [, kB] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))!
  return Math.round(Number(kB) / 1024)
}

const folder = mkdtempSync(join(tmpdir(), 'fcos-assist-memory-'))
const data = await pictures(join(folder, 'pictures'), count)
const run = join(folder, 'run')
const engine = await startEngine()
const start = { out: run, weights: null, architecture: 'lite0', validation: null, resume: false } as const
const few = { ...data, images: data.images.slice(0, 8) }
await engine.call({ method: 'train', ...start, data: few, options: SMALL }, () => {})
await engine.close()

const host = engineHost(folder)
try {
  const project = await createProject(join(folder, 'project'), { imageRoot: join(folder, 'pictures') })
  await scanImages(project)
  await host.open(project.path, async () => project)
  const classIds = CATEGORIES.map(({ name }) => project.classes.add(name))
  await host.models.use(project.path, join(run, 'last.safetensors'))
  await host.assist.start()
  const imageOf = new Map(project.images.list(project.find('')).map(({ id, path }) => [path, id]))
  const memory = { images: [0], studio: [residentMb(process.pid)], learner: [0], viewing: [0] }
  const viewing = () => engines().filter((pid) => pid !== learner)
  let learner = 0
  for (const [n, { path, boxes, categories }] of data.images.entries()) {
    await label(host, imageOf.get(path.slice(path.lastIndexOf('/') + 1))!, truthOf({ boxes, categories }))
    await host.assist.settled()
    const { step } = host.assist.state
    while (host.assist.state.step < step + STEPS && host.assist.state.phase !== 'resting') {
      if (host.assist.state.phase === 'failed') throw new Error(host.assist.state.error!.message)
      await setTimeout(20)
    }
    // The first engine of this process is the learner's: the other starts when there is something to propose.
    learner ||= engines()[0]!
    if ((n + 1) % EVERY > 0) continue
    const { live } = host.runs.list()[0]!
    memory.images.push(n + 1)
    memory.studio.push(residentMb(process.pid))
    memory.learner.push(Math.round(live?.memoryMb ?? 0))
    memory.viewing.push(viewing().reduce((sum, pid) => sum + residentMb(pid), 0))
    console.error(
      n + 1,
      memory.studio.at(-1),
      memory.learner.at(-1),
      memory.viewing.at(-1),
      host.assist.state.step,
    )
  }
  console.log(JSON.stringify({ bench: 'assist-memory', steps: host.assist.state.step, ...memory }))

  function truthOf({ boxes, categories }: Pick<EngineImage, 'boxes' | 'categories'>) {
    return Array.from(categories, (category, i) => ({
      classId: classIds[category - 1]!,
      box: [...boxes.subarray(4 * i, 4 * i + 4)] as unknown as BoxXyxy,
    }))
  }
} finally {
  await host.close()
  rmSync(folder, { recursive: true, force: true })
}
