/** Jobs without PyTorch: what is packed, what is refused on the way back, what a Ray cluster is asked. */
import {
  appendFileSync,
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { afterEach, expect, onTestFinished, test, vi } from 'vitest'
import { z } from 'zod'
import type { EngineEvent } from '../../../src/core/contract/engine.ts'
import { requireProgramFor, requireWholeImages } from '../../../src/core/contract/job.ts'
import { RunData, writeRunData } from '../../../src/core/contract/run-data.ts'
import { RunRecord } from '../../../src/core/contract/run-record.ts'
import type { TrainingOptions } from '../../../src/core/contract/training.ts'
import { detectors } from '../../../src/core/detectors/detectors.ts'
import { AssignmentRules, HeadConfig, LossConfig } from '../../../src/core/detectors/fcos/config.ts'
import { lite0Config } from '../../../src/core/detectors/fcos/presets.ts'
import { encodeSafetensors } from '../../../src/core/formats/safetensors.ts'
import { trainingOptions } from '../../../src/core/training/presets.ts'
import { fetchRun } from '../../../src/main/jobs/fetch.ts'
import { inNewFolder, openJob, packJob, runFolderOf, takeRun } from '../../../src/main/jobs/job-folder.ts'
import { trainInPython } from '../../../src/main/jobs/launch.ts'
import { askPython, isOlder } from '../../../src/main/jobs/python.ts'
import { RayCluster, rayAddress } from '../../../src/main/jobs/ray.ts'
import { followJob, isRunning, requireImages, runJob } from '../../../src/main/jobs/run-job.ts'
import type { Engine } from '../../../src/main/studio/engine/client.ts'
import { trainAsJob } from '../../../src/main/studio/engine/pytorch.ts'
import { lay, scratch } from '../../support/scratch.ts'

const classes = [{ id: 1, name: 'cat' }]
const state = (step: number) => encodeSafetensors([], { progress: JSON.stringify({ step }) })

/** A run folder that has not begun, on two images. */
async function run(folder: string) {
  const images = path.join(folder, 'photos')
  await lay(images, { 'a.jpg': [4, 4], 'b/c.jpg': [4, 4] })
  const image = (id: number, name: string) => ({
    ...{ id, path: path.join(images, name), width: 4, height: 4, boxes: Float64Array.of(1, 1, 3, 3) },
    ...{ categories: Int32Array.of(1), crowds: new Uint8Array(1), areas: Float64Array.of(4) },
  })
  const data = {
    data: { categories: classes, images: [image(1, 'a.jpg'), image(2, 'b/c.jpg')] },
    validation: null,
  }
  const record = {
    ...{ format: 'fcos-studio-run', version: 1, model: lite0Config(classes, 64), images: 2, loaded: null },
    options: trainingOptions('lite0', 2, { steps: 4, size: 64 }),
    ...{ canvas: { width: 64, height: 64 }, started: new Date().toISOString(), device: 'cpu' },
  }
  const job = path.join(folder, 'job')
  mkdirSync(runFolderOf(job), { recursive: true })
  writeFileSync(path.join(runFolderOf(job), 'run.json'), JSON.stringify(record))
  writeFileSync(path.join(runFolderOf(job), 'data.json'), writeRunData(data))
  writeFileSync(path.join(runFolderOf(job), 'start.safetensors'), encodeSafetensors([]))
  return { job, images, text: writeRunData(data) }
}

/** As the program leaves it. */
function trained(job: string, step = 4): void {
  const at = (name: string) => path.join(runFolderOf(job), name)
  writeFileSync(at('state.safetensors'), state(step))
  writeFileSync(at('last.safetensors'), encodeSafetensors([]))
  writeFileSync(at('log.jsonl'), '{"step":0,"loss":1}\n{"step":1,"loss":0.5}\n')
  writeFileSync(at('events.jsonl'), '{"kind":"note","message":"b.jpg is skipped"}\n')
}

test('what would be learnt from or measured in tiles is refused, and may be shrunk whole', () => {
  const image = (width: number) => ({
    ...{ id: 1, path: 'a.jpg', width, height: 50, boxes: Float64Array.of(1, 1, 30, 30) },
    ...{ categories: Int32Array.of(1), crowds: new Uint8Array(1), areas: Float64Array.of(841) },
  })
  const [small, large] = [40, 200].map((width) => ({ categories: classes, images: [image(width)] }))
  const model = lite0Config(classes, 64)
  const options = (tile: TrainingOptions['tile']) => ({ ...trainingOptions('lite0', 1), tile })
  const check = (tile: TrainingOptions['tile'], data = small!, validation = small!) =>
    requireWholeImages({ data, validation }, { model, options: options(tile) })
  expect(() => check('auto')).not.toThrow()
  expect(() => check('auto', small, large)).toThrow(/no tiles, in which 1 large image /)
  expect(() => check(64, large, large)).toThrow(/2 large images/)
  expect(() => check('off', large, large)).not.toThrow()
  expect(() => check(undefined, large, large)).not.toThrow()
})

test.each(['copy', 'link'])(
  'a job carries its images (%s) by relative paths, and its run comes back with absolute ones',
  async (plan) => {
    const folder = await scratch()
    const { job, text } = await run(folder)
    await packJob(job, plan, () => {})
    expect(readdirSync(path.join(job, 'images')).sort()).toEqual(['a.jpg', 'b'])
    expect(readdirSync(path.join(job, 'launch')).sort()).toEqual([
      'Dockerfile',
      'rayjob.yaml',
      'slurm.sbatch',
      'torchrun.sh',
    ])
    expect(openJob(job).data.data.images.map((image) => image.path)).toEqual(['a.jpg', 'b/c.jpg'])
    await requireImages(job)
    await expect(fetchRun(job, path.join(folder, 'out'))).rejects.toMatchObject({ code: 'USAGE_NO_RUN' })
    trained(job)
    const out = path.join(folder, 'out')
    expect(await fetchRun(job, out)).toMatchObject({
      steps: 4,
      complete: true,
      notes: ['b.jpg is skipped'],
      left: [],
    })
    expect(readFileSync(path.join(out, 'data.json'), 'utf8')).toBe(text)
    expect(RunData.parse(JSON.parse(text)).data.images).toHaveLength(2)
    expect(readdirSync(out).sort()).toEqual([
      'data.json',
      'last.safetensors',
      'log.jsonl',
      'run.json',
      'state.safetensors',
    ])
    await expect(fetchRun(job, out)).rejects.toMatchObject({ code: 'USAGE_RUN_EXISTS' })
  },
)

test('images that lie elsewhere are looked for before the run', async () => {
  const folder = await scratch()
  const { job, images } = await run(folder)
  const elsewhere = path.join(folder, 'elsewhere')
  await lay(elsewhere, { 'a.jpg': [4, 4] })
  await packJob(job, elsewhere, () => {})
  await expect(requireImages(job)).rejects.toMatchObject({
    code: 'DATA_IMAGES',
    message: expect.stringContaining('b/c.jpg'),
  })
  cpSync(images, elsewhere, { recursive: true })
  await requireImages(job)
})

test('a job that cannot be completed leaves nothing, and a folder that holds anything is left alone', async () => {
  const folder = await scratch()
  const { job: begun, images } = await run(folder)
  const job = path.join(folder, 'new')
  const pack = () =>
    inNewFolder(job, async () => {
      await takeRun(runFolderOf(begun), job)
      return packJob(job, 'copy', () => {})
    })
  renameSync(path.join(images, 'b'), path.join(images, 'c'))
  await expect(pack()).rejects.toMatchObject({ message: expect.stringContaining('b/c.jpg cannot be packed') })
  expect(existsSync(job)).toBe(false)
  renameSync(path.join(images, 'c'), path.join(images, 'b'))
  mkdirSync(job)
  await pack()
  await expect(pack()).rejects.toMatchObject({ message: expect.stringContaining('holds a job already') })
  await expect(inNewFolder(images, pack)).rejects.toMatchObject({
    message: expect.stringContaining('is not empty'),
  })
  openJob(job)
  expect(readdirSync(images).sort()).toEqual(['a.jpg', 'b'])
})

test('what does not look like what was packed, or like what a run writes, is refused and nothing is fetched', async () => {
  const folder = await scratch()
  const { job } = await run(folder)
  await packJob(job, 'copy', () => {})
  trained(job)
  const out = path.join(folder, 'out')
  const at = (name: string) => path.join(runFolderOf(job), name)
  const refused = async (file: string, change: () => void, named = file): Promise<void> => {
    const before = readFileSync(file)
    change()
    await expect(fetchRun(job, out), file).rejects.toMatchObject({
      code: 'USAGE_JOB',
      message: expect.stringContaining(path.basename(named)),
    })
    writeFileSync(file, before)
    expect(readdirSync(folder).sort()).toEqual(['job', 'photos'])
  }
  for (const name of ['run.json', 'data.json', 'start.safetensors'])
    await refused(at(name), () => appendFileSync(at(name), ' '))
  const program = path.join(job, 'program/fcos_job/train.py')
  await refused(program, () => appendFileSync(program, 'import os\n'), 'program')
  const added = path.join(job, 'program/fcos_job/loss.py')
  await refused(added, () => writeFileSync(added, ''), 'program')
  await refused(path.join(job, 'job.json'), () => writeFileSync(path.join(job, 'job.json'), '{}'))
  const whole = readFileSync(at('state.safetensors'))
  await refused(at('state.safetensors'), () => writeFileSync(at('state.safetensors'), whole.subarray(0, 20)))
  await refused(at('state.safetensors'), () => writeFileSync(at('state.safetensors'), encodeSafetensors([])))
  await refused(at('state.safetensors'), () => writeFileSync(at('state.safetensors'), state(5)))
  await refused(at('last.safetensors'), () => writeFileSync(at('last.safetensors'), '80023763'))
  await refused(at('log.jsonl'), () => appendFileSync(at('log.jsonl'), 'oops\n'))
  writeFileSync(at('notes.pkl'), 'cos\nsystem\n')
  expect(await fetchRun(job, out)).toMatchObject({ left: ['notes.pkl'] })
  expect(existsSync(path.join(out, 'notes.pkl'))).toBe(false)
})

test('a model that the program does not have is refused by name, whatever else is asked of it', () => {
  for (const { name } of detectors().filter((each) => each.name !== 'fcos'))
    expect(() => requireProgramFor({ detector: name })).toThrow(`${name} has no PyTorch program`)
  const refused: [Parameters<typeof requireProgramFor>[0], RegExp][] = [
    [{ head: { norm: 'batch' } }, /BatchNorm \(head.norm\)/],
    [{ assignment: { masks: { centre: 'mask', pixels: true, fallback: 'base' } } }, /assignment.masks/],
    [{ loss: { news: 1 } }, /does not know the setting loss.news/],
  ]
  for (const [model, why] of refused) expect(() => requireProgramFor(model)).toThrow(why)
  // What a network learnt from does not matter to what it detects.
  expect(() => requireProgramFor(refused[1]![0], 'detect')).not.toThrow()
  expect(() => requireProgramFor(refused[0]![0], 'detect')).toThrow(/head.norm/)
  // All values of all other settings.
  const schemas = { assignment: AssignmentRules, head: HeadConfig, loss: LossConfig }
  for (const [part, { shape }] of Object.entries(schemas)) {
    for (const [setting, schema] of Object.entries(shape)) {
      const values = schema instanceof z.ZodEnum ? schema.options : [undefined, 1]
      const accepted = values.filter((value) => !['masks', 'norm'].includes(setting) || value === 'group')
      for (const value of accepted)
        expect(() => requireProgramFor({ [part]: { [setting]: value } }), setting).not.toThrow()
    }
  }
  expect(() => requireProgramFor(lite0Config(classes))).not.toThrow()
})

/** A program that answers as a Python would. */
async function fakePython(script: string): Promise<string> {
  const file = path.join(await scratch(), 'python')
  writeFileSync(file, `#!/bin/sh\n${script}\n`)
  chmodSync(file, 0o755)
  return file
}

const machine = (torch: string | null, python = '3.12.1') =>
  `echo '${JSON.stringify({ python, packages: { torch, numpy: '2', ray: null }, devices: [{ kind: 'cpu', name: 'x', memoryMb: null }] })}'`

test('a Python that is none, too old, or without PyTorch says so', async () => {
  const cases: [string, string, RegExp][] = [
    ['/nowhere/python', 'RUNTIME_PYTHON', /nowhere/],
    [
      await fakePython('echo "ImportError: libgomp.so.1 is missing" >&2; exit 1'),
      'RUNTIME_PYTHON',
      /libgomp/,
    ],
    [await fakePython('echo hello'), 'RUNTIME_PYTHON', /status 0/],
    [await fakePython(machine('2.13.0', '3.9.2')), 'RUNTIME_PYTHON', /3\.9\.2, older than 3\.10/],
    [await fakePython(machine(null)), 'RUNTIME_TORCH', /has no torch/],
    [await fakePython(machine('1.13.1+cu117')), 'RUNTIME_TORCH', /1\.13\.1\+cu117, older than 2\.6/],
  ]
  for (const [python, code, message] of cases)
    await expect(askPython(python), python).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    })
  expect(await askPython(await fakePython(machine('2.13.0+cpu')))).toMatchObject({ torch: '2.13.0+cpu' })
  expect(isOlder('2.13.0', '2.6')).toBe(false)
})

test('a lost process starts again from the saved state, a fault of the program does not', async () => {
  const folder = await scratch()
  const { job } = await run(folder)
  await packJob(job, 'copy', () => {})
  const { record } = openJob(job)
  const at = path.join(folder, 'run')
  cpSync(runFolderOf(job), at, { recursive: true })
  const counted = 'echo x >> "$(dirname "$3")/starts"'
  const notes: string[] = []
  const launch = async (script: string) =>
    trainInPython(
      { folder: at, record, python: await fakePython(`${counted}; cd "$3"; ${script}`), processes: 1 },
      { onEvent: (event) => event.kind === 'note' && notes.push(event.message) },
    )
  const starts = () => readFileSync(path.join(folder, 'starts'), 'utf8').length / 2
  await expect(launch('kill -9 $$')).rejects.toMatchObject({
    code: 'ENGINE_DIED',
    message: expect.stringContaining('SIGKILL'),
  })
  expect(starts()).toBe(2)
  writeFileSync(path.join(at, 'state.safetensors'), state(2))
  const ended = '{"kind":"ended","steps":4,"complete":true,"evaluation":null}'
  expect(
    await launch(`[ $(wc -l < ../starts) -lt 4 ] && kill -9 $$; echo '${ended}' >> events.jsonl`),
  ).toMatchObject({ steps: 4, complete: true })
  expect([starts(), notes.length]).toEqual([4, 2])
  const fault = '{"code":"IO_DISK_FULL","message":"The disk is full","remedy":"Free some space"}'
  await expect(launch(`echo '${fault}' > fault.json; exit 3`)).rejects.toMatchObject({
    code: 'IO_DISK_FULL',
    remedy: 'Free some space',
  })
  expect(starts()).toBe(5)
  expect(readdirSync(at).sort()).toEqual(['data.json', 'run.json', 'start.safetensors', 'state.safetensors'])
})

test('an address is https, or of this machine', () => {
  expect(rayAddress('ray+http://127.0.0.1:8265')).toBe('http://127.0.0.1:8265')
  expect(rayAddress('ray+https://head.example:8265/')).toBe('https://head.example:8265')
  for (const wrong of [
    'ray+http://head.example:8265',
    'ray://head:10001',
    'nonsense',
    'ray+http://127.0.0.1.evil.example:8265',
  ])
    expect(() => rayAddress(wrong), wrong).toThrow(expect.objectContaining({ code: 'USAGE_ON' }))
})

afterEach(() => {
  vi.unstubAllEnvs()
})

async function fakeCluster(
  answer: (asked: IncomingMessage, reply: ServerResponse) => void,
  patienceMs?: number,
) {
  const server = createServer(answer).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { address, cluster: new RayCluster(address, patienceMs) }
}

test('a cluster gets the token, and its refusals are told in a line', async () => {
  vi.stubEnv('RAY_AUTH_TOKEN', 'secret')
  const seen: (string | undefined)[] = []
  const { cluster } = await fakeCluster((asked, reply) => {
    seen.push(asked.headers.authorization, asked.headers['sec-fetch-mode'] as string | undefined)
    reply.end(JSON.stringify({ ray_version: '2.60.0' }))
  })
  expect(await cluster.version()).toBe('2.60.0')
  expect(seen).toEqual(['Bearer secret', undefined])
  const { cluster: refusing } = await fakeCluster((_, reply) => reply.writeHead(401).end('no'))
  await expect(refusing.version()).rejects.toMatchObject({
    code: 'ENGINE_CLUSTER',
    message: expect.stringContaining('refuses the token'),
  })
  const { cluster: old } = await fakeCluster((_, reply) => reply.end('{"ray_version":"2.9.3"}'))
  await expect(old.version()).rejects.toMatchObject({
    code: 'RUNTIME_RAY',
    message: expect.stringContaining('2.9.3'),
  })
  const { cluster: other } = await fakeCluster((_, reply) => reply.end('<html>'))
  await expect(other.version()).rejects.toMatchObject({ code: 'ENGINE_CLUSTER' })
  await expect(new RayCluster('http://127.0.0.1:1').version()).rejects.toMatchObject({
    code: 'ENGINE_CLUSTER_AWAY',
  })
})

/** A packed job that was handed to a fake cluster. */
async function submittedJob(answer: (asked: IncomingMessage, reply: ServerResponse) => void) {
  const { job } = await run(await scratch())
  await packJob(job, 'copy', () => {})
  const { address } = await fakeCluster(answer)
  writeFileSync(path.join(job, 'submitted.json'), JSON.stringify({ address, id: 'job-1', folder: job }))
  return {
    job,
    tell: (line: string) => appendFileSync(path.join(runFolderOf(job), 'events.jsonl'), `${line}\n`),
  }
}
const answers = (reply: ServerResponse, body: unknown): void => void reply.end(JSON.stringify(body))
const ENDED = '{"kind":"ended","steps":4,"complete":true,"evaluation":null}'

test('a network that is cut while a job is followed loses nothing that it said, and tells nothing twice', async () => {
  let asked = 0
  const { job, tell } = await submittedJob((request, reply) => {
    if (++asked % 2 === 0) return void request.socket.destroy()
    tell(`{"kind":"note","message":"${asked}"}`)
    if (asked < 5) return answers(reply, { status: 'RUNNING' })
    tell(ENDED)
    answers(reply, { status: 'SUCCEEDED' })
  })
  const notes: string[] = []
  const onEvent = (event: EngineEvent): void => void (event.kind === 'note' && notes.push(event.message))
  expect(await followJob(job, { onEvent })).toMatchObject({ steps: 4, complete: true })
  expect(notes).toEqual(['1', '3', '5'])
})

test('a network that stays away, and whatever ends a job, is told with what to do', async () => {
  const { cluster } = await fakeCluster((request) => void request.socket.destroy(), 0)
  await expect(cluster.ended('job', () => {})).rejects.toMatchObject({
    code: 'ENGINE_CLUSTER_AWAY',
    remedy: expect.stringContaining('The job goes on there'),
  })
  const fault = { code: 'IO_DISK_FULL', message: 'The disk is full', remedy: 'Free some space' }
  const cases: [logs: string, left: () => unknown, expected: object][] = [
    ['Traceback', () => fault, fault],
    [
      "ModuleNotFoundError: No module named 'fcos_job'",
      () => null,
      { code: 'USAGE_STORAGE', remedy: expect.stringContaining('--storage') },
    ],
    [
      "ModuleNotFoundError: No module named 'torch'",
      () => null,
      { code: 'RUNTIME_TORCH', message: expect.stringContaining('has no torch') },
    ],
    [
      'The cluster has no node',
      () => null,
      { code: 'ENGINE_DIED', message: expect.stringContaining('has no node') },
    ],
  ]
  for (const [logs, left, expected] of cases) {
    const { job } = await submittedJob((request, reply) =>
      answers(reply, request.url!.endsWith('/logs') ? { logs: `start\n${logs}\n\n` } : { status: 'FAILED' }),
    )
    const told = left()
    if (told) writeFileSync(path.join(runFolderOf(job), 'fault.json'), JSON.stringify(told))
    await expect(followJob(job, { onEvent: () => {} }), logs).rejects.toMatchObject(expected)
    expect(readdirSync(runFolderOf(job))).toContain('start.safetensors')
  }
})

test('a job of any size is handed to a cluster by its folder: nothing is uploaded', async () => {
  const bodies: unknown[] = []
  const { address } = await fakeCluster(async (request, reply) => {
    if (request.url === '/api/version') return answers(reply, { ray_version: '2.60.0' })
    if (request.method === 'POST') bodies.push(JSON.parse(await text(request)))
    if (request.method === 'POST') return answers(reply, { submission_id: 'job-1' })
    answers(reply, request.url!.endsWith('/logs') ? { logs: '' } : { status: 'STOPPED' })
  })
  const { job } = await run(await scratch())
  await packJob(job, 'copy', () => {})
  const place = { kind: 'ray', address, storage: null, workers: 1, gpus: false } as const
  await expect(runJob(job, { ...place, workers: 3 }, { onEvent: () => {} })).rejects.toMatchObject({
    code: 'USAGE_JOB_WORLD',
  })
  expect(bodies).toEqual([])
  await expect(runJob(job, place, { onEvent: () => {} })).rejects.toMatchObject({ code: 'ENGINE_DIED' })
  expect(bodies).toEqual([
    {
      entrypoint: `python -m fcos_job.ray_train '${job}' --workers 1`,
      runtime_env: { env_vars: { PYTHONPATH: path.join(job, 'program') } },
      metadata: { program: 'fcos-studio' },
    },
  ])
})

test('whether a job still runs is asked of its cluster; one that was started anew knows nothing of it', async () => {
  let status: string | null = 'RUNNING'
  const { job } = await submittedJob((_, reply) =>
    status === null ? void reply.writeHead(404).end('no') : answers(reply, { status }),
  )
  expect(await isRunning(job)).toBe(true)
  status = 'FAILED'
  expect(await isRunning(job)).toBe(false)
  status = null
  expect(await isRunning(job)).toBe(false)
  writeFileSync(path.join(job, 'submitted.json'), '{"id": "; rm"}')
  await expect(isRunning(job)).rejects.toMatchObject({
    code: 'USAGE_JOB',
    message: expect.stringContaining('submitted.json'),
  })
})

test('a run whose cluster failed goes on with its job: followed where it still runs, else handed over again', async () => {
  let state: 'broken' | 'RUNNING' | 'FAILED' | 'SUCCEEDED' = 'broken'
  let submitted = 0
  let looks = 0
  const folder = await scratch()
  const jobFolder = path.join(folder, 'one-job')
  const { address } = await fakeCluster((request, reply) => {
    if (request.url === '/api/version') return answers(reply, { ray_version: '2.60.0' })
    if (request.method === 'POST') return answers(reply, { submission_id: `job-${++submitted}` })
    if (request.url!.endsWith('/logs')) return answers(reply, { logs: 'the reason\n' })
    if (state === 'broken') return void reply.writeHead(500).end('out of order')
    if (state === 'RUNNING' && ++looks > 2) state = 'SUCCEEDED'
    if (state === 'SUCCEEDED' && !existsSync(path.join(runFolderOf(jobFolder), 'last.safetensors'))) {
      trained(jobFolder)
      appendFileSync(path.join(runFolderOf(jobFolder), 'events.jsonl'), `${ENDED}\n`)
    }
    answers(reply, { status: state })
  })
  const { job: made } = await run(folder)
  const out = path.join(folder, 'one')
  // The engine's part: it makes the run's folder, and finds it again.
  const engine = {
    hello: undefined,
    call: async () => {
      if (!existsSync(out)) cpSync(runFolderOf(made), out, { recursive: true })
      return RunRecord.parse(JSON.parse(readFileSync(path.join(out, 'run.json'), 'utf8')))
    },
    close: async () => {},
  } as unknown as Engine
  const place = { kind: 'ray', address, storage: folder, workers: 1, gpus: false } as const
  const attempt = (resume: boolean) =>
    trainAsJob(
      async () => engine,
      {
        method: 'train',
        out,
        weights: null,
        architecture: 'lite0',
        ...{ data: null, validation: null, options: {}, resume },
      },
      place,
      { onEvent: () => {}, report: () => {} },
    )
  await expect(attempt(false)).rejects.toMatchObject({ message: expect.stringContaining('out of order') })
  expect([submitted, existsSync(path.join(jobFolder, 'job.json'))]).toEqual([1, true])
  // A second run of that name does not touch the first one's job.
  await expect(attempt(false)).rejects.toMatchObject({ code: 'DATA_EXISTS' })
  state = 'FAILED'
  await expect(attempt(true)).rejects.toMatchObject({ message: expect.stringContaining('the reason') })
  expect(submitted).toBe(2)
  state = 'RUNNING'
  expect(await attempt(true)).toMatchObject({ steps: 4, complete: true })
  expect(submitted).toBe(2)
  expect(existsSync(jobFolder)).toBe(false)
  expect(readdirSync(out).sort()).toEqual([
    ...['data.json', 'last.safetensors', 'log.jsonl', 'run.json', 'start.safetensors', 'state.safetensors'],
  ])
  expect(
    RunData.parse(JSON.parse(readFileSync(path.join(out, 'data.json'), 'utf8'))).data.images[0]!.path,
  ).toBe(path.join(folder, 'photos', 'a.jpg'))
})
