/**
 * Pascal VOC XML, one document per image. Coordinates are taken as continuous pixel edges exactly as written, as
 * labelImg writes them; VOC's own 1-based inclusive pixels would differ by one pixel and cannot be told apart.
 */
import { XMLParser, XMLValidator } from 'fast-xml-parser'
import { z } from 'zod'
import { CodedError } from '../errors.ts'
import {
  checkBox,
  checkFlag,
  checkScore,
  cleanName,
  imageNameIn,
  isSide,
  numberIn,
  saysSomething,
} from './checks.ts'
import type { Attributes } from './dataset.ts'
import { lineFinder, toNumber } from './lines.ts'
import type { NamedObject } from './named.ts'
import { baseName } from './paths.ts'
import { firstIssue, Leftovers, ProblemLog } from './problems.ts'

export interface VocDocument {
  /** The image's name without folder, where the document gives a usable one. */
  readonly fileName: string | undefined
  /** 0 × 0 if the document does not state it. */
  readonly width: number
  readonly height: number
  readonly objects: readonly NamedObject[]
  /** Number of objects, if none of them could be read. */
  readonly unreadable?: number
}

const Text = z.string().transform(decodeReferences)
const Coordinate = z.string().transform(toNumber)
const VocObject = z.object({
  name: Text,
  bndbox: z.object({ xmin: Coordinate, ymin: Coordinate, xmax: Coordinate, ymax: Coordinate }),
  // Fields are checked one by one, so that an invalid one does not cost the object.
  pose: z.unknown().optional(),
  truncated: z.unknown().optional(),
  difficult: z.unknown().optional(),
  crowd: z.unknown().optional(),
  score: z.unknown().optional(),
  attributes: z.unknown().optional(),
})
const VocAttributes = z.object({ attribute: z.array(z.object({ name: Text, value: Text })) })
const KNOWN = new Set('name bndbox pose truncated difficult crowd score attributes'.split(' '))
const VocRoot = z.object({
  annotation: z.object({
    filename: Text.optional().catch(undefined),
    size: z.object({ width: Coordinate, height: Coordinate }).optional().catch(undefined),
    object: z.array(z.unknown()).default([]),
  }),
})

// The parser does not expand entities. References are decoded below, except those that a document defines itself.
const parser = new XMLParser({
  ignoreAttributes: true,
  ignoreDeclaration: true,
  parseTagValue: false,
  processEntities: false,
  captureMetaData: true,
  isArray: (name) => name === 'object' || name === 'attribute',
})
const metaData = XMLParser.getMetaDataSymbol() as unknown as symbol

/**
 * Reads one document. Unusable objects are reported with their line. Throws DATA_VOC if the text is not
 * well-formed XML, has a document type (the carrier of entity bombs) or is no `<annotation>`.
 */
export function parseVoc(
  text: string,
  file: string,
  leftovers = new Leftovers(),
): { document: VocDocument; log: ProblemLog } {
  const log = new ProblemLog(file)
  const { annotation } = parseRoot(text, file)
  const lineOf = lineFinder(text)
  const objects: NamedObject[] = []
  for (const raw of annotation.object) {
    const parsed = VocObject.safeParse(raw)
    if (parsed.success) {
      const object = readObject(
        parsed.data,
        `line ${lineOf(startOf((raw as { bndbox: unknown }).bndbox))}`,
        log,
      )
      if (object !== undefined) objects.push(object)
      for (const [field, value] of Object.entries(raw as object)) {
        if (!KNOWN.has(field) && saysSomething(value)) leftovers.add(field, 'object')
      }
    } else {
      log.skip(`line ${lineOf(startOf(raw))}`, firstIssue(parsed.error))
    }
  }
  const named = annotation.filename === undefined ? undefined : imageNameIn(annotation.filename)
  if (annotation.filename && named === undefined) {
    log.repair(
      'filename',
      `${JSON.stringify(annotation.filename)} is not a path inside the image folder: not used`,
    )
  }
  const { width = 0, height = 0 } = annotation.size ?? {}
  const size = isSide(width) && isSide(height) ? { width, height } : { width: 0, height: 0 }
  const { length } = annotation.object
  const unreadable = objects.length === 0 && length > 0 ? { unreadable: length } : {}
  return { document: { fileName: named && baseName(named), ...size, objects, ...unreadable }, log }
}

function parseRoot(text: string, file: string): z.infer<typeof VocRoot> {
  const fail = (reason: string, cause?: unknown): never => {
    throw new CodedError('DATA_VOC', `${file} is not Pascal VOC: ${reason}`, undefined, { cause })
  }
  if (/<!(DOCTYPE|ENTITY)/i.test(text)) fail('it has a document type, which VOC files never need')
  let raw: unknown
  try {
    const valid = XMLValidator.validate(text)
    if (valid !== true) fail(`line ${valid.err.line}: ${valid.err.msg}`)
    raw = parser.parse(text)
  } catch (error) {
    if (error instanceof CodedError) throw error
    fail(error instanceof Error ? error.message : String(error), error)
  }
  const root = VocRoot.safeParse(raw)
  return root.success ? root.data : fail(firstIssue(root.error))
}

function readObject(raw: z.infer<typeof VocObject>, where: string, log: ProblemLog): NamedObject | undefined {
  const { xmin, ymin, xmax, ymax } = raw.bndbox
  const className = cleanName(raw.name, where, log)
  const box = className === undefined ? undefined : checkBox([xmin, ymin, xmax, ymax], where, log)
  if (className === undefined || box === undefined) return undefined
  const score = saysSomething(raw.score) ? checkScore(numberIn(raw.score), where, log) : undefined
  const attributes = readAttributes(raw, where, log)
  // The writer marks crowds as difficult too, so that readers without crowds ignore them in evaluation.
  const crowd = checkFlag(raw.crowd, `${where}, crowd`, log)
  const difficult = checkFlag(raw.difficult, `${where}, difficult`, log)
  return {
    className,
    box,
    ...(crowd && { crowd }),
    ...(!crowd && difficult && { difficult: true }),
    ...(score !== undefined && { score }),
    ...(attributes !== undefined && { attributes }),
  }
}

function readAttributes(
  raw: z.infer<typeof VocObject>,
  where: string,
  log: ProblemLog,
): Attributes | undefined {
  const pairs: [string, string | boolean][] = []
  if (checkFlag(raw.truncated, `${where}, truncated`, log)) pairs.push(['truncated', true])
  const pose = Text.safeParse(raw.pose)
  if (pose.success && pose.data !== '' && pose.data !== 'Unspecified') pairs.push(['pose', pose.data])
  if (!pose.success && saysSomething(raw.pose)) log.repair(where, 'the pose is no text: left out')
  const attributes = VocAttributes.safeParse(raw.attributes)
  for (const { name, value } of attributes.data?.attribute ?? []) pairs.push([name, value])
  if (!attributes.success && saysSomething(raw.attributes)) {
    log.repair(where, 'the attributes are not named values: left out')
  }
  return pairs.length > 0 ? Object.fromEntries(pairs) : undefined
}

const startOf = (node: unknown): number =>
  (node as Record<symbol, { startIndex?: number } | undefined> | null)?.[metaData]?.startIndex ?? 0

const NAMED = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

/** Decodes XML's five predefined entities and numeric character references. */
function decodeReferences(text: string): string {
  return text.replace(
    /&(?:#x([0-9a-f]{1,6})|#([0-9]{1,7})|(amp|lt|gt|quot|apos));/gi,
    (all, hex, decimal, name) => {
      if (name) return NAMED[String(name).toLowerCase() as keyof typeof NAMED]
      const code = hex ? Number.parseInt(hex, 16) : Number(decimal)
      return code <= 0x10ffff ? String.fromCodePoint(code) : all
    },
  )
}
