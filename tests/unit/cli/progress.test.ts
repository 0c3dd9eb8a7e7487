import { expect, onTestFinished, test, vi } from 'vitest'
import { duration, Progress } from '../../../src/main/cli/progress.ts'

function stream(isTTY: boolean, columns = 60) {
  const written: string[] = []
  const write = (text: string): boolean => written.push(text) > 0
  return { stream: { isTTY, columns, write } as unknown as NodeJS.WriteStream, written }
}

test('in a pipe: about fifty plain lines, the first and the last among them', () => {
  const { stream: pipe, written } = stream(false)
  const progress = new Progress(pipe)
  for (let n = 1; n <= 1000; n++) progress.update(n, 1000, 'loss 1')
  expect(written[0]).toBe('1/1000  loss 1\n')
  expect(written.at(-1)).toBe('1000/1000  loss 1\n')
  expect(written.length).toBeGreaterThan(40)
  expect(written.length).toBeLessThan(60)
})

test('on a terminal: a bar drawn over itself, within one line; messages stay above it', () => {
  const { stream: terminal, written } = stream(true)
  const progress = new Progress(terminal)
  progress.update(1, 4, 'x'.repeat(100))
  progress.say('Skipped a.jpg')
  progress.update(4, 4, 'done')
  progress.end()
  expect(written[0]).toMatch(/^━{6}╌{18} 1\/4 {2}x+$/)
  expect(written[0]).toHaveLength(59)
  expect(written.slice(1, 3)).toEqual(['\r\x1b[K', 'Skipped a.jpg\n'])
  expect(written.at(-1)).toBe('\r\x1b[K')
})

test('jobs of many small parts: nothing in the first second, then now and then', () => {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  const [pipe, terminal] = [stream(false), stream(true)]
  const shown = [pipe, terminal].map(({ stream }) => new Progress(stream).seldom())
  for (let done = 1; done <= 500; done++) {
    vi.advanceTimersByTime(10)
    for (const show of shown) show(done, 500)
  }
  expect(pipe.written).toEqual(['20 %\n', '60 %\n', '100 %\n'])
  expect(terminal.written[0]).toMatch(/^━{5}╌{19} 20\/100 {2}percent$/)
  expect(terminal.written.filter((text) => text.includes('/100'))).toHaveLength(41)
})

test.each([
  [42.4, '42 s'],
  [59.7, '1:00'],
  [187, '3:07'],
  [3723, '1:02:03'],
])('%d seconds are %s', (seconds, text) => {
  expect(duration(seconds)).toBe(text)
})
