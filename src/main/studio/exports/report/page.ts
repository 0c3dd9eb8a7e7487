/** The report of a run as one HTML document that loads nothing, runs nothing, and can be read offline. */
import { MODELS } from '../../../../core/detectors/architectures.ts'
import { detectorOf } from '../../../../core/detectors/detectors.ts'
import { curveCharts } from './curves.ts'
import type { ReportFacts } from './facts.ts'
import { Html, html } from './html.ts'
import { measuredSections } from './numbers.ts'
import { dataSection, settingsSection } from './settings.ts'
import { STYLE } from './style.ts'

export function reportPage(facts: ReportFacts): string {
  const { run, project, record, lacks, version, written, measured } = facts
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="content-security-policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${run.name} – ${project}</title>
<style>${new Html(STYLE)}</style>
</head>
<body>
<header>
<h1>${run.name}</h1>
<p class="quiet">${project} · ${detectorOf(record.model).title}, ${MODELS[record.model.architecture].network} · from ${run.from} · started ${minute(record.started)} · ${record.device.toUpperCase()}</p>
${tiles(facts)}
${lacks.map((line) => html`<p>${line}</p>`)}
</header>
<main>
<section><h2>Curves</h2><div class="grid">${curveCharts(facts.curves, detectorOf(record.model))}</div></section>
${measured ? measuredSections(measured) : null}
${examplesSection(facts)}
${dataSection(facts)}
${settingsSection(facts)}
</main>
<footer><p class="quiet">Written by FCOS Studio ${version}, ${minute(written)}</p></footer>
</body>
</html>
`
  return page.text
}

function tiles({ run, data, evaluation }: ReportFacts): Html {
  const of = (index: number, stats = evaluation?.stats): string | null => {
    const value = stats?.[index] ?? -1
    return value < 0 ? null : value.toFixed(3)
  }
  const { maskStats } = evaluation ?? {}
  const figures: [name: string, value: string | number | null][] = [
    ['AP', of(0)],
    ['AP50', of(1)],
    ['AP75', of(2)],
    ...(maskStats ? ([['AP of masks', of(0, maskStats)]] as [string, string | null][]) : []),
    ['training images', data.training.images],
    ['validation images', data.validation?.images ?? null],
    ['steps', run.step],
  ]
  return html`<dl class="tiles">${figures.map(([name, value]) => (value === null ? null : html`<div><dt>${name}</dt><dd>${value}</dd></div>`))}</dl>`
}

function examplesSection({ examples, measured }: ReportFacts): Html | null {
  if (examples.length === 0 || !measured) return null
  return html`<section><h2>What it finds</h2>
<p class="quiet">Images with the most mistakes first, then others. Detections above each class’s best-F1 score at IoU 0.5.</p>
<ul class="legend keys"><li><i class="right"></i>right</li><li><i class="wrong"></i>wrong</li><li><i class="missed"></i>not found</li></ul>
<div class="grid pictures">${examples}</div></section>`
}

/** "2026-11-22 17:26 UTC" of ISO 8601. */
const minute = (iso: string): string => `${iso.slice(0, 16).replace('T', ' ')} UTC`
