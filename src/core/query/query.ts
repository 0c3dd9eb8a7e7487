/**
 * The query language for images, used in the window, on the command line and in saved filters.
 *
 *   red cell.jpg              the path contains "red" and "cell.jpg"; case does not matter
 *   "red cell"                the path contains exactly these words
 *   class:cell,"red cell"     has an object of one of these classes
 *   source:proposed           has an object drawn, imported, proposed (by a model, not yet accepted) or accepted
 *   score:<0.5  score:0.2..0.5  has an object with such a score
 *   count:0  count:>=5  count:2..7  number of objects, excluding proposals
 *   state:new,in-progress     new, in-progress, done or ignored
 *   split:train,none          train, val, test or none
 *   has:error                 the file is missing, damaged or not an image
 *   -class:cell               not
 *
 * All terms must hold. class, source and score together refer to one object: `class:cell score:<0.5` finds images with
 * a cell whose score is below 0.5. A term with a minus is independent of the others. Inside quotes \" and \\ are " and \.
 */
import { CodedError } from '../errors.ts'
import { IMAGE_STATES, type ImageState, SOURCES, type Source, SPLITS, type Split } from '../project/model.ts'

export interface Comparison {
  readonly operator: '=' | '<' | '<=' | '>' | '>='
  readonly value: number
}

export type Term = { readonly negated: boolean } & (
  | { readonly kind: 'name'; readonly text: string }
  | { readonly kind: 'class'; readonly names: readonly string[] }
  | { readonly kind: 'source'; readonly sources: readonly Source[] }
  | { readonly kind: 'state'; readonly states: readonly ImageState[] }
  /** null: in no split. */
  | { readonly kind: 'split'; readonly splits: readonly (Split | null)[] }
  /** All of the comparisons hold. */
  | { readonly kind: 'score'; readonly comparisons: readonly Comparison[] }
  | { readonly kind: 'count'; readonly comparisons: readonly Comparison[] }
  | { readonly kind: 'error' }
)

/** The terms of a query; none for an empty one, which finds everything. Throws USAGE_QUERY, naming the term. */
export function parseQuery(query: string): Term[] {
  return [...tokens(query)].map(toTerm)
}

interface Token {
  /** As written, for messages. */
  readonly written: string
  readonly negated: boolean
  /** Undefined for words of a file name. */
  readonly key: string | undefined
  readonly values: readonly string[]
}

const VALUE = String.raw`(?:"(?:[^"\\]|\\.)*"|[^\s,"]+)`
const TOKEN = new RegExp(
  String.raw`(-?)(?:([A-Za-z]+):(${VALUE}(?:,${VALUE})*)|("(?:[^"\\]|\\.)*"|[^\s"]+))(?=\s|$)`,
  'uy',
)

function* tokens(query: string): Generator<Token> {
  for (let at = 0; at < query.length; at = TOKEN.lastIndex) {
    const space = /\s*/uy
    space.lastIndex = at
    space.exec(query)
    if (space.lastIndex === query.length) return
    TOKEN.lastIndex = space.lastIndex
    const match = TOKEN.exec(query)
    if (match === null) {
      const rest = query.slice(space.lastIndex)
      throw failure(rest, 'is not a valid term', 'A quotation mark or a value after the colon may be missing')
    }
    const [written, minus, key, values, text] = match
    const list = values === undefined ? [text!] : values.match(new RegExp(VALUE, 'gu'))!
    // A colon without a value after it, such as `class:`, is not a file name.
    if (text !== undefined && /^[A-Za-z]+:/.test(text))
      throw failure(written, 'needs a value after the colon')
    yield { written, negated: minus === '-', key: key?.toLowerCase(), values: list.map(unquote) }
  }
}

const unquote = (value: string): string =>
  value.startsWith('"') ? value.slice(1, -1).replace(/\\(.)/gu, '$1') : value

function toTerm(token: Token): Term {
  const { key, values, negated } = token
  switch (key) {
    case undefined:
      return { kind: 'name', text: values[0]!, negated }
    case 'class':
      return { kind: 'class', names: values, negated }
    case 'source':
      return { kind: 'source', sources: choices(token, SOURCES), negated }
    case 'state':
      return { kind: 'state', states: choices(token, IMAGE_STATES), negated }
    case 'split': {
      const splits = choices(token, [...SPLITS, 'none'] as const)
      return { kind: 'split', splits: splits.map((split) => (split === 'none' ? null : split)), negated }
    }
    case 'score':
    case 'count':
      return { kind: key, comparisons: comparisons(token), negated }
    case 'has':
      choices(token, ['error'] as const)
      return { kind: 'error', negated }
    default:
      throw failure(
        token.written,
        'is not a known term',
        'Use class:, source:, score:, count:, state:, split: or has:error. A file name with a colon needs quotation marks',
      )
  }
}

function choices<Choice extends string>({ values, written }: Token, all: readonly Choice[]): Choice[] {
  return values.map((value) => {
    const found = all.find((choice) => choice === value.toLowerCase())
    if (found === undefined) throw failure(written, `has no value “${value}”`, `Use one of ${all.join(', ')}`)
    return found
  })
}

const NUMBER = String.raw`(\d+(?:\.\d+)?|\.\d+)`

function comparisons({ values, written }: Token): Comparison[] {
  const [value = '', ...more] = values
  const [, operator, number] = new RegExp(`^([<>]=?|=)?${NUMBER}$`, 'u').exec(value) ?? []
  const [, from, to] = new RegExp(`^${NUMBER}\\.\\.${NUMBER}$`, 'u').exec(value) ?? []
  if (more.length === 0 && number !== undefined) {
    return [{ operator: (operator ?? '=') as Comparison['operator'], value: Number(number) }]
  }
  if (more.length === 0 && from !== undefined) {
    return [
      { operator: '>=', value: Number(from) },
      { operator: '<=', value: Number(to) },
    ]
  }
  throw failure(written, 'needs a number', 'For example 5, >=5, <5 or 2..7')
}

const failure = (term: string, what: string, remedy?: string): CodedError =>
  new CodedError('USAGE_QUERY', `“${term}” ${what}`, remedy)
