/** The text that `fcos inspect` prints. */

import type { Ladder } from '../../../core/inspect/recall.ts'
import { type Bin, type Distribution, type RecallCount, STARVED_BELOW } from '../../../core/inspect/report.ts'
import { HEAT_CELLS, type ShapeBin } from '../../../core/inspect/shapes.ts'
import { countOf } from '../../../core/words.ts'
import { percent, table } from '../table.ts'
import type { InspectReport } from './inspect.ts'

/** Number of boxes listed in the text; --json has all. */
const SHOWN = 20

export function renderInspect(report: InspectReport): string {
  const { recall, locationsPerBox } = report
  return [
    ...summary(report),
    '',
    ...table(['class', 'boxes', 'recall'], report.perCategory.map(recallRow)),
    '',
    ...table(['size', 'boxes', 'recall'], report.perSize.map(recallRow)),
    '',
    ...levelTable(report),
    '',
    ...table(['locations', 'boxes', 'share'], locationsPerBox.histogram.map(binRow(recall.boxes))),
    '',
    ...table(['side, px of input', 'boxes', 'share'], report.shapes.size.flatMap(shapeRow(recall.boxes))),
    '',
    ...table(['width / height', 'boxes', 'share'], report.shapes.aspect.flatMap(shapeRow(recall.boxes))),
    '',
    ...ladder('input size', report.inputSizes, (side) => `${side} px`),
    '',
    ...ladder('radius', report.radii, (radius) => (radius === 0 ? 'off' : String(radius))),
    ...boxLists(report),
    ...(report.csv === undefined ? [] : ['', `All boxes are listed in ${report.csv}`]),
  ].join('\n')
}

function summary(report: InspectReport): string[] {
  const { recall, ambiguity, locationsPerBox, anchors, starved, unsized } = report
  const { positives, ambiguous, ambiguousAcrossClasses } = ambiguity
  return [
    `${countOf(report.images, 'image')} (${report.imagesWithoutBoxes} without boxes), ${countOf(recall.boxes, 'box')}` +
      (report.crowds > 0 ? `, ${countOf(report.crowds, 'crowd region')} left out` : ''),
    ...(unsized.length > 0
      ? [`${countOf(unsized.length, 'image')} of unknown size left out: ${some(unsized)}`]
      : []),
    `Best possible recall ${percent(recall.learnable, recall.boxes)}: ${countOf(recall.boxes - recall.learnable, 'box')} that no location can learn`,
    `RetinaNet's anchors: ${percent(anchors.highQuality, anchors.boxes)} by IoU 0.5, ${percent(anchors.from04, anchors.boxes)} by IoU 0.4, ${percent(anchors.any, anchors.boxes)} by any overlap`,
    `Ambiguous ${percent(ambiguous, positives)} of ${positives} positive locations, between classes ${percent(ambiguousAcrossClasses, positives)}`,
    ...(locationsPerBox.mean === null
      ? []
      : [
          `Locations per box: ${locationsPerBox.mean.toFixed(1)} on average, median ${locationsPerBox.median}, at most ${locationsPerBox.max}`,
          `Starved: ${countOf(starved.length, 'box')} with fewer than ${STARVED_BELOW} locations`,
          `Boxes' centres in the middle quarter of the image: ${percent(middle(report.shapes.position), recall.boxes)}`,
        ]),
  ]
}

/** The sum over the central half of a heat grid along both axes. */
function middle(position: readonly number[]): number {
  const isMiddle = (cell: number) => cell >= HEAT_CELLS / 4 && cell < (3 * HEAT_CELLS) / 4
  return position.reduce(
    (sum, count, i) => (isMiddle(i % HEAT_CELLS) && isMiddle(Math.floor(i / HEAT_CELLS)) ? sum + count : sum),
    0,
  )
}

function levelTable({ perLevel, ambiguity, recall }: InspectReport): string[] {
  const typical = ({ median }: Distribution) => (median === null ? '–' : String(median))
  return table(
    ['level', 'stride', 'positive', 'share', 'boxes', 'of all', 'median per box'],
    perLevel.map((level) => [
      level.name,
      String(level.stride),
      String(level.positives),
      percent(level.positives, ambiguity.positives),
      String(level.boxes),
      percent(level.boxes, recall.boxes),
      typical(level.locationsPerBox),
    ]),
  )
}

function ladder(
  title: string,
  { present, measured, suggestion }: Ladder,
  name: (value: number) => string,
): string[] {
  const mark = (value: number) => (value === suggestion?.value ? 'take' : value === present ? 'now' : '')
  const lines = table(
    [title, 'recall', ''],
    measured.map(({ value, recall }) => [
      name(value),
      percent(recall.learnable, recall.boxes),
      value === present && value === suggestion?.value ? 'now, keep' : mark(value),
    ]),
  ).map((line) => line.trimEnd())
  if (suggestion === null || suggestion.value === present) return lines
  const points = (100 * suggestion.gain).toFixed(1)
  return [...lines, `${title} ${name(suggestion.value)} would gain ${points} points of best possible recall`]
}

function boxLists({ unlearnable }: InspectReport): string[] {
  if (unlearnable.length === 0) return []
  return [
    '',
    'Boxes that no location can learn',
    ...unlearnable
      .slice(0, SHOWN)
      .map(({ fileName, reason, cure }) => `${fileName}: ${reason}${cure ? `; ${cure.text}` : ''}`),
    ...(unlearnable.length > SHOWN ? [`… and ${unlearnable.length - SHOWN} more (--json lists all)`] : []),
  ]
}

const recallRow = ({ name, boxes, learnable }: RecallCount & { name: string }): string[] => [
  name,
  String(boxes),
  percent(learnable, boxes),
]

const binRow =
  (all: number) =>
  ({ from, to, boxes }: Bin): string[] => [
    to === null ? `${from} and more` : from === to ? String(from) : `${from} to ${to}`,
    String(boxes),
    percent(boxes, all),
  ]

/** Empty bins get no row. */
const shapeRow =
  (all: number) =>
  ({ from, to, boxes }: ShapeBin): string[][] =>
    boxes === 0 ? [] : [[range(from, to), String(boxes), percent(boxes, all)]]

function range(from: number | null, to: number | null): string {
  if (from === null) return `below ${rounded(to!)}`
  return to === null ? `${rounded(from)} and more` : `${rounded(from)} to ${rounded(to)}`
}

const rounded = (value: number): string => String(Number(value.toPrecision(2 + Number(value >= 100))))

const some = (names: readonly string[]): string =>
  names.length > 3 ? `${names.slice(0, 3).join(', ')}, …` : names.join(', ')
