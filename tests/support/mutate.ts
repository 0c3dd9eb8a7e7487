import type { Random } from '../../src/core/random.ts'

/** What files are attacked with: numbers that are none, names that lead away, entities, nesting, broken text. */
const POISON = [
  ...'NaN Infinity -1 0 1e999 -1e308 1e-320 99999999999999999999 0x1f 1,5 null true'.split(' '),
  ...'../../../escape.jpg /etc/passwd C:\\boot.ini ..\\..\\x.jpg a\0b.jpg . __proto__ constructor'.split(' '),
  ...`{} [] [[[[[[[[ " ' , ; \\ \ufeff \ud800 \uffff 猫 ${'x'.repeat(3000)}`.split(' '),
  ...'&b; &#xD800; &#1114112; < > </object> <!-- <![CDATA[ &anchor *anchor - ? | !!js/function %'.split(' '),
  ...['', ' ', '\n', '\r\n', '\t', ': ', '<!DOCTYPE a [<!ENTITY b "c">]>'],
]

/** Values that leave JSON well-formed. */
const LITERALS = '-1 0 2 0.25 1e999 -1e308 1e-320 4294967296 null true {} [] [[1]]'.split(' ')

/** One to three random changes: a span removed or repeated, a character changed, poison put in or over a value. */
export function mutate(text: string, random: Random): string {
  const below = (n: number): number => Math.floor(random() * n)
  const anyOf = (list: readonly string[]): string => list[below(list.length)]!
  let result = text
  for (let count = 1 + below(3); count > 0; count--) {
    const at = below(result.length + 1)
    const end = Math.min(result.length, at + 1 + below(below(2) === 0 ? 8 : 200))
    const put = (from: number, to: number, middle: string): void => {
      result = result.slice(0, from) + middle + result.slice(to)
    }
    const change = below(10)
    if (change === 0) put(at, end, '')
    else if (change === 1) put(end, end, result.slice(at, end))
    else if (change === 2) put(at, at, anyOf(POISON))
    else if (change === 3) put(at, at + 1, String.fromCharCode(below(65536)))
    else if (change === 4) put(at, result.length, '')
    else {
      const values = [...result.matchAll(/"[^"\n]*"|-?\d+(\.\d+)?|(?<=>)[^<>\n]+(?=<)/g)]
      const value = values[below(values.length)]
      const kinds = [anyOf(POISON), JSON.stringify(anyOf(POISON)), anyOf(LITERALS)]
      if (value) put(value.index, value.index + value[0].length, anyOf(kinds))
    }
  }
  return result
}
