/**
 * Projects whose program is killed, whose power is cut, whose disk is full. FCOS_KILLS=200 kills more often than the
 * usual run does, FCOS_SEED makes other edits.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { truncateSync } from 'node:fs'
import { copyFile, open, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { mulberry32 } from '../../../../src/core/random.ts'
import { createProject, openProject, PROJECT_FILE } from '../../../../src/main/studio/project/project.ts'
import { addImages } from '../../../support/project.ts'
import { perform } from '../../../support/project-commands.ts'
import { commandsOf, stateOf } from '../../../support/project-editor.ts'
import { scratch } from '../../../support/scratch.ts'

const KILLS = Number(process.env.FCOS_KILLS ?? 20)
const SEED = Number(process.env.FCOS_SEED ?? 1)
const COMMANDS = 250
const EDITOR = join(import.meta.dirname, '../../../support/project-editor.ts')

/** A closed project with a few images: where all edits begin. */
async function beginning(): Promise<string> {
  const folder = await scratch()
  const project = await createProject(folder)
  addImages(project, 'a.jpg', 'b.jpg', 'c.jpg')
  project.close()
  return folder
}

async function copyOf(folder: string): Promise<string> {
  const copy = await scratch()
  await copyFile(join(folder, PROJECT_FILE), join(copy, PROJECT_FILE))
  return copy
}

/** The states that the edits lead through; the first is that before them. */
async function statesOf(folder: string): Promise<string[]> {
  const project = await openProject(await copyOf(folder))
  project.database.exec('PRAGMA synchronous = OFF')
  const states = [stateOf(project)]
  for (const command of commandsOf(SEED, COMMANDS)) {
    perform(project, command)
    states.push(stateOf(project))
  }
  project.close()
  return states
}

/** Opens what a fault left: whole, at one of the states, and all of it can be undone. */
async function expectWhole(folder: string, states: readonly string[], beginning: string): Promise<void> {
  const project = await openProject(folder)
  expect(project.readOnly).toBeUndefined()
  expect(project.database.get('PRAGMA integrity_check')).toEqual({ integrity_check: 'ok' })
  expect(project.database.all('PRAGMA foreign_key_check')).toEqual([])
  expect(states).toContain(stateOf(project))
  project.database.exec('PRAGMA synchronous = OFF')
  while (project.history.undo());
  expect(stateOf(project)).toBe(beginning)
  project.close()
}

test(
  `killed at ${KILLS} random moments: at most the gesture in progress is missing`,
  async () => {
    const start = await beginning()
    const states = await statesOf(start)
    const random = mulberry32(SEED)
    const reached = new Set<number>()
    for (let kill = 0; kill < KILLS; kill++) {
      const folder = await copyOf(start)
      const editor = spawn(process.execPath, [EDITOR, folder, String(SEED), String(COMMANDS)], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      const ended = new Promise((resolve) => editor.on('close', resolve))
      // Which command is running is chosen, the moment within it is left to chance.
      const target = Math.floor(random() * states.length)
      let output = ''
      await new Promise<void>((resolve) => {
        const look = () => lastOf(output) >= target && resolve()
        editor.stdout.on('data', (data) => {
          output += data
          look()
        })
        editor.on('close', () => resolve())
        look()
      })
      const until = performance.now() + random() * 8
      while (performance.now() < until);
      // What a power cut would leave is copied while nothing moves.
      const cut = await scratch()
      editor.kill('SIGSTOP')
      execFileSync('sh', ['-c', 'cp "$1"/project.fcos* "$2"', 'sh', folder, cut])
      editor.kill('SIGKILL')
      await ended
      const done = lastOf(output)
      reached.add(done)
      const possible = states.slice(done, done + 2)
      await expectWhole(folder, possible, states[0]!)
      await expectWhole(cut, possible, states[0]!)
    }
    expect(reached.size).toBeGreaterThan(KILLS / 3)
  },
  KILLS * 10_000,
)

/** The number of the last command that the editor says is done. */
const lastOf = (output: string): number => Number(output.trimEnd().split('\n').at(-1))

test('power cut: of the log only a part reached the disk, the end of it as noise', async () => {
  const start = await beginning()
  const project = await openProject(await copyOf(start))
  // The log alone grows, so a part of it is what the disk had at some moment.
  project.database.exec('PRAGMA wal_autocheckpoint = 0')
  const log = `${project.path}-wal`
  const sizes = [0]
  const states = [stateOf(project)]
  for (const command of commandsOf(SEED, 120)) {
    perform(project, command)
    states.push(stateOf(project))
    sizes.push((await stat(log)).size)
  }
  const random = mulberry32(SEED)
  for (let cut = 0; cut < 25; cut++) {
    const length = Math.floor(random() * sizes.at(-1)!)
    const noise = Math.floor(random() * 5000)
    const folder = await scratch()
    const copy = join(folder, basename(log))
    execFileSync('cp', [project.path, log, folder])
    truncateSync(copy, length + noise)
    const file = await open(copy, 'r+')
    await file.write(
      Buffer.alloc(noise).map(() => random() * 256),
      0,
      noise,
      length,
    )
    await file.close()
    const last = sizes.findLastIndex((size) => size <= length)
    await expectWhole(folder, [states[last]!], states[0]!)
  }
  project.close()
}, 240_000)

test('disk full: the change fails with its reason, all before it are there, and work goes on with space', async () => {
  const project = await openProject(await beginning())
  const { database } = project
  const first = stateOf(project)
  const pages = database.get<{ page_count: number }>('PRAGMA page_count')!.page_count
  database.exec(`PRAGMA max_page_count = ${pages + 2}`)
  const classId = project.classes.add('cell')
  const fill = () => {
    for (let i = 0; i < 300; i++) {
      before = stateOf(project)
      project.annotations.add(1, [{ classId, box: [0, 0, 1, 1], source: 'drawn', attributes: { i } }])
    }
  }
  let before = ''
  expect(fill).toThrow(
    expect.objectContaining({ code: 'IO_DISK_FULL', remedy: expect.stringContaining('not saved') }),
  )
  expect(stateOf(project)).toBe(before)
  database.exec('PRAGMA max_page_count = 1000000')
  fill()
  const last = stateOf(project)
  project.close()
  await expectWhole(dirname(project.path), [last], first)
})

test.skipIf(process.platform === 'win32')('a file that the system lets grow no further', async () => {
  const start = await beginning()
  const states = await statesOf(start)
  const folder = await copyOf(start)
  // Blocks of 1 KiB. The signal that would end the program is ignored, as most systems' shells let a child inherit.
  const limited = `trap '' XFSZ; ulimit -f 300; exec "$@"`
  const args = ['-c', limited, 'bash', process.execPath, EDITOR, folder, String(SEED), String(COMMANDS)]
  const editor = spawnSync('bash', args, { encoding: 'utf8' })
  const lines = editor.stdout.trim().split('\n')
  const [code, state] = lines.at(-1)!.split(' ')
  expect(code).toMatch(/^IO_(PROJECT|DISK_FULL)$/)
  const done = Number(lines.at(-2))
  expect(states.slice(done, done + 1)).toContain(state)
  await expectWhole(folder, [states[done]!], states[0]!)
})
