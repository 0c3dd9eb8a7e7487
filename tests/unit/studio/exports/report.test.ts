import fc from 'fast-check'
import { XMLParser, XMLValidator } from 'fast-xml-parser'
import { describe, expect, test } from 'vitest'
import { figure, statName } from '../../../../src/main/studio/exports/model-card.ts'
import { chosen } from '../../../../src/main/studio/exports/report/examples.ts'
import { html } from '../../../../src/main/studio/exports/report/html.ts'
import { lineChart, thinned, ticks } from '../../../../src/main/studio/exports/report/line-chart.ts'

test('any text stays text, in elements and in attributes', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const { text: markup } = html`<p title="${text}">${[text, html`<b>${text}</b>`]}</p>`
      expect(XMLValidator.validate(markup)).toBe(true)
      expect(markup.match(/</g)).toHaveLength(4)
    }),
  )
  const parsed = new XMLParser({ ignoreAttributes: false }).parse(
    html`<p title="${'a "b" <c>'}">${'x & <y>'}</p>`.text,
  )
  expect(parsed.p).toEqual({ '#text': 'x & <y>', '@_title': 'a "b" <c>' })
})

describe('axes', () => {
  test('have round marks that hold all values between them', () => {
    expect(ticks([0, 1], 5)).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1])
    expect(ticks([3, 478], 6)).toEqual([0, 100, 200, 300, 400, 500])
    fc.assert(
      fc.property(
        fc.double({ min: -1e6, max: 1e6, noNaN: true }),
        fc.double({ min: 1e-6, max: 1e6, noNaN: true }),
        (low, size) => {
          const high = low + Math.max(size, Math.abs(low) * 1e-6)
          const marks = ticks([low, high], 5)
          expect(marks.length).toBeGreaterThanOrEqual(2)
          expect(marks.length).toBeLessThanOrEqual(9)
          expect(marks[0]!).toBeLessThanOrEqual(low + size * 1e-3)
          expect(marks.at(-1)!).toBeGreaterThanOrEqual(high - size * 1e-3)
        },
      ),
    )
  })

  test('long lines become means of neighbours, short ones stay', () => {
    const points = Array.from({ length: 1000 }, (_, x) => ({ x, y: x % 2 === 0 ? 1 : 3 }))
    const few = thinned(points)
    expect(few.length).toBeLessThanOrEqual(400)
    expect(few.at(-1)!.x).toBe(999)
    for (const { y } of few.slice(0, -1)) expect(y).toBeGreaterThan(1)
    expect(thinned(points.slice(0, 400))).toEqual(points.slice(0, 400))
  })

  test('gaps, single points and lines without any are drawn as such', () => {
    const points = [
      { x: 0, y: 1 },
      { x: 1, y: null },
      { x: 2, y: 2 },
    ]
    const { text } = lineChart({ title: 'T', x: 'x', y: 'y', lines: [{ name: 'a', points }] })
    expect(text.match(/ d="(.*?)"/)![1]!.match(/[ML]/g)).toEqual(['M', 'M'])
    const one = lineChart({ title: 'T', x: 'x', y: 'y', lines: [{ name: 'a', points: [{ x: 5, y: 0.5 }] }] })
    expect(one.text).toContain('<circle')
    const none = lineChart({ title: 'T', x: 'x', y: 'y', lines: [{ name: 'a', points: [] }] })
    expect(none.text).not.toMatch(/NaN|Infinity|undefined/)
  })
})

test('pictures: the worst first, then others evenly, each once', () => {
  const scenes = Array.from({ length: 40 }, (_, i) => ({ marks: [], mistakes: i % 10 }))
  const indices = chosen(scenes)
  expect(indices).toHaveLength(12)
  expect(new Set(indices).size).toBe(12)
  expect(indices.slice(0, 6)).toEqual([9, 19, 29, 39, 8, 18])
  expect(chosen(scenes.slice(0, 3))).toHaveLength(3)
  expect(chosen([])).toEqual([])
})

test('the twelve numbers have names', () => {
  expect(Array.from({ length: 12 }, (_, i) => statName(i))).toMatchObject({
    0: 'AP, IoU 0.50 to 0.95',
    1: 'AP, IoU 0.50',
    2: 'AP, IoU 0.75',
    5: 'AP, IoU 0.50 to 0.95, large objects',
    6: 'AR, IoU 0.50 to 0.95, 1 detection per image',
    8: 'AR, IoU 0.50 to 0.95',
  })
  expect([figure(-1), figure(0), figure(0.12345)]).toEqual(['–', '0.000', '0.123'])
})
