/** The classes of a YOLO data set: `data.yaml`, or `classes.txt` with one name a line. Ids count from 0. */
import { parse } from 'yaml'
import { z } from 'zod'
import { CodedError } from '../errors.ts'
import { cleanName } from './checks.ts'
import type { Category, Problem } from './dataset.ts'
import { firstIssue, ProblemLog } from './problems.ts'
import type { KeypointShape } from './yolo.ts'

export interface YoloConfig {
  readonly categories: Category[]
  /** `path:`, the folder that the lists are relative to, as written. */
  readonly root: string | undefined
  /** Lists by name (train, val, test and others that are .txt files): image folders or .txt files, as written. */
  readonly splits: ReadonlyMap<string, readonly string[]>
  /** What lines of more numbers than a box has are: `kpt_shape: [points, numbers]`, or `task: segment`. */
  readonly shapes?: KeypointShape | 'polygons'
  readonly problems: Problem[]
}

const Paths = z.union([z.string().transform((path) => [path]), z.array(z.string())])
const Config = z.looseObject({
  names: z.union([
    z.array(z.string()),
    z.record(z.string().regex(/^\d{1,6}$/, 'class numbers are whole numbers'), z.string()),
  ]),
  path: z.string().nullish(),
  kpt_shape: z.tuple([z.coerce.number(), z.coerce.number()]).optional().catch(undefined),
})

/** Throws DATA_YOLO if the text is not YAML or has no names. */
export function parseDataYaml(text: string, file: string): YoloConfig {
  const fail = (reason: string, cause?: unknown): never => {
    throw new CodedError('DATA_YOLO', `${file} is not a YOLO data.yaml: ${reason}`, undefined, { cause })
  }
  let raw: unknown
  try {
    // All values stay text as written, because a class may be called on, 12:30, 1e3 or null.
    raw = parse(text, { maxAliasCount: 10, logLevel: 'error', schema: 'failsafe' })
  } catch (error) {
    fail(error instanceof Error ? error.message.split('\n')[0]! : String(error), error)
  }
  const config = Config.safeParse(raw)
  if (!config.success) return fail(firstIssue(config.error))
  const { names, path, kpt_shape: keypoints, task, ...others } = config.data
  const shapes = keypoints ?? (task === 'segment' ? 'polygons' : undefined)
  const log = new ProblemLog(file)
  const numbered: [string, string][] = Array.isArray(names)
    ? names.map((name, index) => [String(index), name])
    : Object.entries(names)
  const categories = numbered.flatMap(([id, raw]) => category(Number(id), raw, `names.${id}`, log))
  const splits = new Map<string, readonly string[]>()
  for (const [key, value] of Object.entries(others)) {
    const parsed = Paths.safeParse(value)
    const isSplit = ['train', 'val', 'valid', 'test'].includes(key)
    const paths = parsed.success ? parsed.data.filter((path) => !isNone(path)).map(withSlashes) : []
    if (paths.length > 0 && (isSplit || paths.every((path) => path.endsWith('.txt')))) splits.set(key, paths)
  }
  return {
    categories,
    root: path == null || isNone(path) ? undefined : withSlashes(path),
    splits,
    ...(shapes && { shapes }),
    problems: log.problems,
  }
}

/** What YAML writes for null. */
const isNone = (text: string): boolean => ['', '~', 'null', 'none'].includes(text.trim().toLowerCase())

const withSlashes = (path: string): string => path.trim().replaceAll('\\', '/')

/** Darknet's `obj.data`: `key = value` lines that name the file of the classes and the lists. */
export function parseObjData(text: string): {
  names: string | undefined
  splits: Map<string, readonly string[]>
} {
  const values = new Map<string, string>()
  for (const line of text.split(/\r?\n/)) {
    const [, key, value] = /^\s*(\w+)\s*=\s*(.*\S)\s*$/.exec(line) ?? []
    if (key !== undefined && value !== undefined) values.set(key.toLowerCase(), withSlashes(value))
  }
  const lists = [...values].filter(([key, value]) => key !== 'names' && value.endsWith('.txt'))
  return { names: values.get('names'), splits: new Map(lists.map(([key, value]) => [key, [value]])) }
}

/** Reads `classes.txt` (labelImg) or `obj.names` (darknet). */
export function parseClassesTxt(text: string, file: string): { categories: Category[]; problems: Problem[] } {
  const log = new ProblemLog(file)
  const lines = text.trimEnd().split(/\r\n|\n|\r/)
  const categories = lines.flatMap((line, index) => category(index, line.trim(), `line ${index + 1}`, log))
  return { categories, problems: log.problems }
}

function category(id: number, raw: string, where: string, log: ProblemLog): Category[] {
  const name = cleanName(raw, where, log)
  return name === undefined ? [] : [{ id, name }]
}
