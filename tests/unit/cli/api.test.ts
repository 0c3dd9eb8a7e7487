/** What `fcos api` says of the studio's API: every method, every parameter, and what jobs result in. */
import { expect, test } from 'vitest'
import { METHOD_DESCRIPTIONS, PARAMETERS } from '../../../src/core/contract/studio/descriptions.ts'
import { STUDIO_METHODS } from '../../../src/core/contract/studio.ts'
import { describeApi, renderApi } from '../../../src/main/cli/commands/api.ts'

const { methods } = describeApi()

test('each method and parameter is described in a sentence or a phrase', () => {
  expect(Object.keys(methods)).toEqual(Object.keys(STUDIO_METHODS))
  for (const [name, { description, params }] of Object.entries(methods)) {
    expect(description, name).toMatch(/^[A-Z].*[.]$/)
    for (const [parameter, schema] of Object.entries(params.properties ?? {}))
      expect((schema as { description?: string }).description, `${name} ${parameter}`).toMatch(/\w/)
  }
})

test('nothing is described that is not there', () => {
  const used = new Set(Object.values(methods).flatMap(({ params }) => Object.keys(params.properties ?? {})))
  expect(Object.keys(PARAMETERS).filter((parameter) => !used.has(parameter))).toEqual([])
  for (const [name, [, own = {}]] of Object.entries(METHOD_DESCRIPTIONS))
    for (const parameter of Object.keys(own))
      expect(Object.keys(methods[name]!.params.properties ?? {}), name).toContain(parameter)
})

test('a method that answers a job says what the job results in, and no other does', () => {
  for (const [name, { result, job }] of Object.entries(methods)) {
    const answersJob = Object.keys(result.properties ?? {}).join() === 'job'
    expect(job !== null, name).toBe(answersJob)
    // Never just any JSON.
    if (job) expect(job.type ?? job.anyOf ?? job.oneOf, name).toBeDefined()
  }
  expect(methods['project.scan']!.job!.properties).toHaveProperty('added')
})

test('as text, each method stands with what it does', () => {
  expect(renderApi(describeApi())).toContain(
    'project.scan()\n  Looks for images that were added, changed or lost since the last scan. A job.',
  )
})
