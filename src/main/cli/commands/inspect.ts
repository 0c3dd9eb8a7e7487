/** `fcos inspect`: what FCOS would learn from a data set, before any training. */
import { DIALECTS } from '../../../core/fcos/config.ts'
import { type Inspection, inspect, type RecallCount } from '../../../core/fcos/inspect.ts'
import type { Dataset } from '../../../core/formats/dataset.ts'
import { percent, table } from '../table.ts'

export interface InspectCommandOptions {
  /** The network's input: images are scaled to fit into size × size pixels, as lite0 trains on them. */
  readonly size: number
}

/** Lines of the list of unlearnable boxes that people are shown; --json has all. */
const SHOWN = 20

export function runInspect(dataset: Dataset, { size }: InspectCommandOptions): Inspection {
  return inspect(dataset, { input: { shortSide: size, longSide: size }, rules: DIALECTS.authors })
}

export function renderInspect(inspection: Inspection): string {
  const { recall, ambiguity, locationsPerBox, unlearnable, unsized } = inspection
  const { positives, ambiguous, ambiguousAcrossClasses } = ambiguity
  return [
    `${inspection.images} images (${inspection.imagesWithoutBoxes} without boxes), ${recall.boxes} boxes` +
      (inspection.crowds > 0 ? `, ${inspection.crowds} crowd regions left out` : ''),
    ...(unsized.length > 0 ? [`${unsized.length} images of unknown size left out: ${some(unsized)}`] : []),
    `Best possible recall ${percent(recall.learnable, recall.boxes)}: ${recall.boxes - recall.learnable} boxes that no location can learn`,
    `Ambiguous ${percent(ambiguous, positives)} of ${positives} positive locations, between classes ${percent(ambiguousAcrossClasses, positives)}`,
    ...(locationsPerBox.mean === null
      ? []
      : [
          `Locations per box: ${locationsPerBox.mean.toFixed(1)} on average, median ${locationsPerBox.median}, at most ${locationsPerBox.max}`,
        ]),
    '',
    ...table(['class', 'boxes', 'recall'], inspection.perCategory.map(recallRow)),
    '',
    ...table(['size', 'boxes', 'recall'], inspection.perSize.map(recallRow)),
    '',
    ...table(
      ['level', 'stride', 'positive', 'share', 'boxes', 'of all'],
      inspection.perLevel.map((level) => [
        level.name,
        String(level.stride),
        String(level.positives),
        percent(level.positives, positives),
        String(level.boxes),
        percent(level.boxes, recall.boxes),
      ]),
    ),
    '',
    ...table(
      ['locations', 'boxes', 'share'],
      locationsPerBox.histogram.map(({ from, to, boxes }) => [
        to === null ? `${from} and more` : from === to ? String(from) : `${from} to ${to}`,
        String(boxes),
        percent(boxes, recall.boxes),
      ]),
    ),
    ...(unlearnable.length > 0 ? ['', 'Boxes that no location can learn'] : []),
    ...unlearnable.slice(0, SHOWN).map(({ fileName, reason }) => `${fileName}: ${reason}`),
    ...(unlearnable.length > SHOWN ? [`… and ${unlearnable.length - SHOWN} more (--json lists all)`] : []),
  ].join('\n')
}

const recallRow = ({ name, boxes, learnable }: RecallCount & { name: string }): string[] => [
  name,
  String(boxes),
  percent(learnable, boxes),
]

const some = (names: readonly string[]): string =>
  names.length > 3 ? `${names.slice(0, 3).join(', ')}, …` : names.join(', ')
