import { flushSync } from 'svelte'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { CurrentModel } from '../../../../src/core/contract/studio/models.ts'
import { CodedError } from '../../../../src/core/errors.ts'
import { ModelAnswer } from '../../../../src/renderer/session/model-answer.svelte.ts'
import { ModelInUse } from '../../../../src/renderer/session/model-in-use.svelte.ts'
import { follow } from '../../../support/follow.svelte.ts'
import { idle, StandInClient, StandInContext } from '../../../support/stand-in-studio.svelte.ts'

const modelOf = (key: string) => ({ key, title: key, path: `/${key}` }) as unknown as CurrentModel

let client: StandInClient
let context: StandInContext & { model: ModelInUse }
let inUse: CurrentModel | null
let stop = (): void => {}

/** Everything that effects and answers bring about. */
const settle = async (): Promise<void> => {
  for (let i = 0; i < 4; i++) {
    flushSync()
    await idle()
  }
}

beforeEach(async () => {
  inUse = modelOf('a@1')
  client = new StandInClient({ 'models.current': () => inUse, 'models.list': () => [] })
  const plain = new StandInContext(client)
  context = Object.assign(plain, { model: new ModelInUse(Object.assign(plain, { chooser: null as never })) })
  await context.model.refresh()
})
afterEach(() => stop())

/** An answer that is followed for an image which the test chooses. */
function followed(fetch: (image: number, model: string, signal: AbortSignal) => Promise<string>) {
  const failed = vi.fn()
  const answer = new ModelAnswer<string>(context, fetch, failed)
  const wanted = follow(answer, 1)
  stop = wanted.stop
  return { answer, failed, wanted }
}

describe('what the model says about an image', () => {
  test('comes, and goes with the image', async () => {
    const { answer, wanted } = followed(async (image, model) => `${image} by ${model}`)
    await settle()
    expect([answer.value, answer.busy]).toEqual(['1 by a@1', false])
    wanted.image = undefined
    flushSync()
    expect(answer.value).toBe(null)
    wanted.image = 2
    await settle()
    expect(answer.value).toBe('2 by a@1')
  })

  test('does not come late upon another image', async () => {
    const answers = new Map<number, (value: string) => void>()
    const { answer, wanted } = followed((image) => new Promise((resolve) => answers.set(image, resolve)))
    await settle()
    wanted.image = 2
    await settle()
    answers.get(1)!('old')
    await settle()
    expect([answer.value, answer.busy]).toEqual([null, true])
    answers.get(2)!('new')
    await settle()
    expect([answer.value, answer.busy]).toEqual(['new', false])
  })

  test('is asked for again, without a word, where the model has changed while it trains', async () => {
    const { answer, failed } = followed(async (_, model) => {
      if (model !== inUse?.key) throw new CodedError('USAGE_MODEL', 'Another model is now in use')
      return `by ${model}`
    })
    await settle()
    // The checkpoint has been written anew, and the window has not heard of it.
    inUse = modelOf('a@2')
    context.model.current = modelOf('a@0')
    await settle()
    expect(answer.value).toBe('by a@2')
    expect(failed).not.toHaveBeenCalled()
    expect(context.messages.list).toEqual([])
  })

  test('fails once with the reason where the studio goes on refusing', async () => {
    const { answer, failed } = followed(async () => {
      throw new CodedError('USAGE_MODEL', 'Another model is now in use')
    })
    await settle()
    expect(answer.value).toBe(null)
    expect(failed).toHaveBeenCalledOnce()
    expect(context.messages.list.length).toBe(1)
  })

  test('goes with the model', async () => {
    const { answer } = followed(async (_, model) => model)
    await settle()
    inUse = null
    client.emit('model', null)
    await settle()
    expect(answer.value).toBe(null)
  })
})

test('an older answer about the model in use does not replace a newer one', async () => {
  let answer = (): void => {}
  client.answers['models.current'] = () => new Promise((resolve) => (answer = () => resolve(modelOf('old'))))
  const first = context.model.refresh()
  const late = answer
  client.answers['models.current'] = () => modelOf('new')
  await context.model.refresh()
  late()
  await first
  expect(context.model.current!.key).toBe('new')
})
