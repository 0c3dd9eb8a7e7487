/** A user's copy of the sample: its model is in use and evaluated, as if the user had just done so. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { EvaluationEntry } from '../../src/core/contract/studio/evaluation.ts'
import { openSample, sampleIn } from '../../src/main/studio/api/opening.ts'
import { hashOf, SAMPLE_EVALUATION, SampleEvaluation } from '../../src/main/studio/api/sample-evaluation.ts'
import { Settings } from '../../src/main/studio/settings.ts'
import { connect, ended, SAMPLE, studioHost } from '../support/studio.ts'

test('what is kept was detected by the checkpoint that comes with the sample', async () => {
  const kept = SampleEvaluation.parse(JSON.parse(await readFile(join(SAMPLE, SAMPLE_EVALUATION), 'utf8')))
  expect(kept.checkpoint).toBe(hashOf(await readFile(join(SAMPLE, 'run', 'best.safetensors'))))
})

test('the trained model is in use however the copy is opened, and stays as the user chooses', async () => {
  const host = await studioHost()
  const { dataFolder, sampleFolder } = host.options
  // `npm start` makes the copy before the window opens it by its path.
  const made = await openSample(sampleFolder, dataFolder, host.settings)
  made.close()
  expect(new Settings(dataFolder).all()).toEqual(host.settings.all())
  const client = connect(host)
  await client.call('project.open', { path: sampleIn(dataFolder) })
  const [run] = await client.call('runs.list', {})
  expect(await client.call('models.current', {})).toMatchObject({ path: run!.checkpoint, title: run!.name })
  await client.call('models.use', { path: null })
  await client.call('project.close', {})
  await client.call('project.openSample', {})
  expect(await client.call('models.current', {})).toBeNull()
})

test('its evaluation equals one that is made now', async () => {
  const client = connect(await studioHost())
  await client.call('project.openSample', {})
  const [kept] = await client.call('evaluation.list', {})
  const model = await client.call('models.current', {})
  expect(kept).toMatchObject({ images: 16, objects: 87, title: model!.title, modelKey: model!.key })
  const job = await client.call('evaluation.start', {
    source: { kind: 'model', path: model!.path },
    query: kept!.query,
  })
  const fresh = EvaluationEntry.parse((await ended(client, job)).result)
  const { id: _, at: __, stats, detections, ...rest } = kept!
  expect(fresh).toMatchObject(rest)
  expect(Math.abs(fresh.detections - detections)).toBeLessThan(0.02 * detections)
  // Other processors add in another order, and may round convolutions to bfloat16.
  for (const [i, value] of fresh.stats.entries()) expect(Math.abs(value - stats[i]!)).toBeLessThan(0.02)
  for (const ranking of kept!.rankings) {
    const [a, b] = await Promise.all(
      [kept!.id, fresh.id].map((evaluation) => client.call('evaluation.summary', { evaluation, ranking })),
    )
    expect([a!.changedImages, b!.changedImages]).toEqual([0, 0])
    expect(Math.abs(a!.stats[0]! - b!.stats[0]!)).toBeLessThan(0.02)
  }
}, 120_000)
