/** The data and the settings of the run. */
import type { ReportFacts } from './facts.ts'
import { type Html, html } from './html.ts'

export function dataSection({ data, snapshot }: ReportFacts): Html {
  const { training, validation } = data
  const inValidation = (id: number): number | string =>
    validation ? (validation.perClass.find((one) => one.id === id)?.boxes ?? 0) : '–'
  const rows = [
    ['images', training.images, validation?.images ?? '–'],
    ['boxes', training.boxes, validation?.boxes ?? '–'],
    ...training.perClass.map(({ id, name, boxes }) => [name, boxes, inValidation(id)]),
  ]
  return html`<section><h2>Data</h2><div class="card"><table>
<thead><tr><th></th><th scope="col">training</th><th scope="col">validation</th></tr></thead>
<tbody>${rows.map(([name, ...counts]) => html`<tr><th scope="row">${name!}</th>${counts.map((count) => html`<td>${count}</td>`)}</tr>`)}</tbody></table></div>
<p class="quiet">Which boxes of which images: the run’s data.json, SHA-256 <code>${snapshot}</code>.</p></section>`
}

export function settingsSection({ record, run, notes }: ReportFacts): Html {
  const { model, options, canvas, loaded } = record
  const rows: [string, string][] = [
    ['started from', run.from],
    ['canvas', `${canvas.width} × ${canvas.height} px`],
    ...flat(options),
    ...flat({ ...model, classes: model.classes.map(({ name }) => name).join(', ') }),
  ]
  return html`<section><h2>Settings</h2><div class="card"><dl class="settings">${rows.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl></div>
${loaded ? html`<p class="quiet lines">${loaded}</p>` : null}
${notes.length > 0 ? html`<h3>Notes</h3><ul>${notes.map((note) => html`<li>${note}</li>`)}</ul>` : null}</section>`
}

/** "optimiser rate": "0.002" */
function flat(settings: object, prefix = ''): [string, string][] {
  return Object.entries(settings).flatMap(([key, value]): [string, string][] => {
    const name = `${prefix}${key.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)}`
    const isGroup = typeof value === 'object' && value !== null && !Array.isArray(value)
    return isGroup
      ? flat(value, `${name} `)
      : [[name, Array.isArray(value) ? value.join(', ') : String(value)]]
  })
}
