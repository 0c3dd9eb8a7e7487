/** The classes of a YOLO data set: `data.yaml`, or `classes.txt` with one name a line. Ids count from 0. */
import { parse } from 'yaml'
import { z } from 'zod'
import { CodedError } from '../errors.ts'
import { cleanName } from './checks.ts'
import type { Category, Problem } from './dataset.ts'
import { firstIssue, ProblemLog } from './problems.ts'

export interface YoloConfig {
  readonly categories: Category[]
  /** `path:`, the folder that the lists are relative to, as written. */
  readonly root: string | undefined
  /** Lists by name (train, val, test and others that are .txt files): image folders or .txt files, as written. */
  readonly splits: ReadonlyMap<string, readonly string[]>
  readonly problems: Problem[]
}

const Name = z.union([z.string(), z.number(), z.boolean()]).transform(String)
const Paths = z.union([z.string().transform((path) => [path]), z.array(z.string())])
const Config = z.looseObject({
  names: z.union([
    z.array(Name),
    z.record(z.string().regex(/^\d{1,6}$/, 'class numbers are whole numbers'), Name),
  ]),
  path: z.string().nullish(),
  kpt_shape: z.undefined({ error: 'keypoint data sets are not read' }).optional(),
})

/** Throws DATA_YOLO if the text is not YAML or has no names. */
export function parseDataYaml(text: string, file: string): YoloConfig {
  const fail = (reason: string, cause?: unknown): never => {
    throw new CodedError('DATA_YOLO', `${file} is not a YOLO data.yaml: ${reason}`, undefined, { cause })
  }
  let raw: unknown
  try {
    raw = parse(text, { maxAliasCount: 10, logLevel: 'error' })
  } catch (error) {
    fail(error instanceof Error ? error.message.split('\n')[0]! : String(error), error)
  }
  const config = Config.safeParse(raw)
  if (!config.success) return fail(firstIssue(config.error))
  const { names, path, ...others } = config.data
  const log = new ProblemLog(file)
  const numbered: [string, string][] = Array.isArray(names)
    ? names.map((name, index) => [String(index), name])
    : Object.entries(names)
  const categories = numbered.flatMap(([id, raw]) => category(Number(id), raw, `names.${id}`, log))
  const splits = new Map<string, readonly string[]>()
  for (const [key, value] of Object.entries(others)) {
    const paths = Paths.safeParse(value)
    const isSplit = ['train', 'val', 'valid', 'test'].includes(key)
    if (paths.success && (isSplit || paths.data.every((path) => path.endsWith('.txt')))) {
      splits.set(key, paths.data)
    }
  }
  return { categories, root: path ?? undefined, splits, problems: log.problems }
}

/** Reads `classes.txt` (labelImg) or `obj.names` (darknet). */
export function parseClassesTxt(text: string, file: string): { categories: Category[]; problems: Problem[] } {
  const log = new ProblemLog(file)
  const lines = text.trimEnd().split('\n')
  const categories = lines.flatMap((line, index) => category(index, line.trim(), `line ${index + 1}`, log))
  return { categories, problems: log.problems }
}

function category(id: number, raw: string, where: string, log: ProblemLog): Category[] {
  const name = cleanName(raw, where, log)
  return name === undefined ? [] : [{ id, name }]
}
