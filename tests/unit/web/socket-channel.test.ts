import { EventEmitter } from 'node:events'
import { expect, test } from 'vitest'
import type { WebSocket } from 'ws'
import { socketChannel } from '../../../src/main/web/socket-channel.ts'

test('a window that does not read is cut off before it fills the memory', () => {
  const done: string[] = []
  const socket = Object.assign(new EventEmitter(), {
    bufferedAmount: 0,
    send(text: string) {
      this.bufferedAmount += text.length
      done.push('sent')
    },
    terminate: () => done.push('cut off'),
  })
  const channel = socketChannel(socket as unknown as WebSocket)
  const text = 'x'.repeat(100 * 2 ** 20)
  for (let n = 0; n < 4; n++) channel.send(text)
  expect(done).toEqual(['sent', 'sent', 'sent', 'cut off'])
})
