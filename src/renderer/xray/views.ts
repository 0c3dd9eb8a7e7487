/** What the X-ray shows: a view of the detector, of targets, predictions or both. */
import type { Detector, PredictionMaps } from '../../core/detectors/detector.ts'
import { SCORE_VIEW, type View } from '../../core/detectors/views.ts'

// biome-ignore lint/suspicious/noExplicitAny: a view takes its own detector's maps alone, and gets no others
export type AnyView = View<any, any>

/** The detector's view of a name, or its first. */
export const viewNamed = ({ views }: Pick<Detector, 'views'>, name: string): AnyView =>
  views.find((view) => view.name === name) ?? views[0]!

/** Whether targets, predictions of the model in use, both side by side, or their difference are shown. */
export const XRAY_SOURCES = ['targets', 'predictions', 'wipe', 'difference'] as const
export type XraySource = (typeof XRAY_SOURCES)[number]

export const SOURCE_TITLES: Readonly<Record<XraySource, string>> = {
  targets: 'Targets',
  predictions: 'Predictions',
  wipe: 'Wipe',
  difference: 'Difference',
}

/** A view as one model can show it. */
export interface ModelView extends AnyView {
  /** What is other than with other models of the detector. */
  readonly note?: string
}

/** @param maps the predictions of the model; null: there are none */
export function viewOf(view: AnyView, maps: PredictionMaps | null): ModelView {
  const found = maps && view.exception?.(maps)
  if (!found) return view
  const { note, isPredicted } = found
  return { ...view, note, difference: null, ...(!isPredicted && { predicted: null }) }
}

/** What the legend says. */
export type Legend = Pick<AnyView, 'title' | 'meaning' | 'ends'>

/** The meaning of the colours. Views without a prediction or a difference show that of the class score instead. */
export function legendOf(view: AnyView, source: XraySource): Legend {
  if (source !== 'difference') return source === 'targets' || view.predicted ? view : SCORE_VIEW
  const { title, difference } = view.difference ? view : SCORE_VIEW
  return {
    title,
    meaning: `How far the prediction is from the target, where there is one: ${title}`,
    ends: difference!.ends,
  }
}
