/** The measurements: COCO's metrics, each class, precision and recall, confusion, and the cost of errors. */
import { EVALUATION_SCORE } from '../../../../core/detectors/shared/select.ts'
import { figure, statName } from '../model-card.ts'
import { type Html, html } from './html.ts'
import { lineChart } from './line-chart.ts'
import type { Measured } from './measure.ts'

export function measuredSections(measured: Measured): Html[] {
  const { metrics, curves } = measured
  const shown = curves.filter(({ precision }) => precision !== null)
  return [
    html`<section><h2>Metrics</h2><p class="quiet">COCO’s protocol, measured anew for this report on the validation images as they were labelled when the run began. –: no such objects.</p>
<div class="grid"><div class="card"><table><tbody>${metrics.stats.map((value, i) => html`<tr><th>${statName(i)}</th><td>${figure(value)}</td></tr>`)}</tbody></table></div>
${lineChart({
  title: 'Precision against recall at IoU 0.5',
  ...{ x: 'recall', y: 'precision', xRange: [0, 1], yRange: [0, 1] },
  lines: shown.map(({ name, precision }) => ({
    name,
    points: precision!.map((y, i) => ({ x: i / 100, y })),
  })),
})}</div></section>`,
    html`<section><h2>Classes</h2><div class="card">${classTable(measured)}</div></section>`,
    html`<section><h2>Mistakes</h2><div class="grid">${confusionTable(measured)}${errorTable(measured)}</div></section>`,
  ]
}

function classTable({ metrics, thresholds }: Measured): Html {
  const head = [
    'class',
    'objects',
    'AP',
    'AP50',
    'AP75',
    'small',
    'medium',
    'large',
    'best score',
    'precision',
    'recall',
    'F1',
  ]
  const rows = metrics.perCategory.map((one) => {
    const best = thresholds.find(({ classId }) => classId === one.id)?.best
    const figures = [one.ap, one.ap50, one.ap75, one.apSmall, one.apMedium, one.apLarge].map(figure)
    const atBest = best
      ? [String(best.score), ...[best.precision, best.recall, best.f1].map(figure)]
      : ['–', '–', '–', '–']
    return [one.objects, ...figures, ...atBest].map((value) => html`<td>${value}</td>`)
  })
  return html`<table><thead><tr>${head.map((name) => html`<th scope="col">${name}</th>`)}</tr></thead>
<tbody>${rows.map((cells, i) => html`<tr><th scope="row">${metrics.perCategory[i]!.name}</th>${cells}</tr>`)}</tbody></table>`
}

function confusionTable({ confusion, metrics }: Measured): Html {
  const nameOf = new Map(metrics.perCategory.map(({ id, name }) => [id, name]))
  const names = confusion.categoryIds.map((id) => nameOf.get(id)!)
  const rows = confusion.counts.map((row, i) => {
    const total = row.reduce((sum, count) => sum + count, 0)
    const cells = row.map((count, j) =>
      // Background that is correctly not detected cannot be counted.
      i === names.length && j === names.length
        ? html`<td></td>`
        : html`<td style="--share: ${(total > 0 ? count / total : 0).toFixed(3)}">${count}</td>`,
    )
    return html`<tr><th scope="row">${names[i] ?? 'background'}</th>${cells}</tr>`
  })
  return html`<div class="card"><h3>Confusion matrix</h3><p class="quiet">Detections from each class’s best score.</p><table class="confusion">
<thead><tr><th scope="col">true \\ found</th>${names.map((name) => html`<th scope="col">${name}</th>`)}<th scope="col">not found</th></tr></thead>
<tbody>${rows}</tbody></table></div>`
}

function errorTable({ errors }: Measured): Html {
  return html`<div class="card"><h3>What errors cost</h3><p class="quiet">Among all detections from a score of ${EVALUATION_SCORE}. AP at IoU 0.5 is ${figure(errors.ap)}.</p><table>
<thead><tr><th scope="col">error</th><th scope="col">how many</th><th scope="col">AP back if fixed</th></tr></thead>
<tbody>${errors.types.map(({ type, count, gain }) => html`<tr><th scope="row">${type}</th><td>${count}</td><td>${signed(gain)}</td></tr>`)}</tbody></table></div>`
}

const signed = (value: number): string => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(3)}`
