/** Draws the curves of the run. */
import type { Curves } from '../../../../core/contract/studio/runs.ts'
import type { Detector } from '../../../../core/detectors/detector.ts'
import type { Html } from './html.ts'
import { type Line, type LineChart, lineChart } from './line-chart.ts'

interface Figures {
  readonly title: string
  readonly y: string
  /** Names of curves, and their titles. */
  readonly lines: readonly (readonly [name: string, title: string])[]
}

const figuresOf = ({ losses, figures }: Pick<Detector, 'losses' | 'figures'>): readonly Figures[] => [
  {
    title: 'Losses',
    y: 'loss',
    lines: [['loss', 'all'], ...losses.map(({ name, title }) => [name, title] as const)],
  },
  ...figures.map(({ name, title, line, unit }): Figures => ({ title, y: unit, lines: [[name, line]] })),
  { title: 'Learning rate', y: 'rate', lines: [['rate', 'rate']] },
  { title: 'Norm of all gradients', y: 'L2 norm', lines: [['gradientNorm', 'norm']] },
  { title: 'Positive locations of a step', y: 'locations', lines: [['positives', 'positives']] },
  { title: 'Pace', y: 'images per second', lines: [['imagesPerSecond', 'pace']] },
]

export function curveCharts({ steps, figures, evaluations }: Curves, detector: Detector): Html[] {
  const charts: LineChart[] = figuresOf(detector).map(({ title, y, lines }) => ({
    ...{ title, y, x: 'step' },
    lines: lines.map(([name, label]): Line => {
      return { name: label, points: steps.map((x, i) => ({ x, y: figures[name]?.[i] ?? null })) }
    }),
  }))
  if (evaluations.length > 0) {
    const stat = (name: string, index: number): Line => ({
      name,
      points: evaluations.map(({ step, stats }) => ({ x: step, y: Math.max(0, stats[index]!) })),
    })
    const lines = [stat('AP', 0), stat('AP50', 1), stat('AP75', 2)]
    const steps = Math.max(...evaluations.map(({ step }) => step))
    charts.splice(1, 0, {
      title: 'Average precision on the validation images',
      ...{ x: 'step', y: 'AP', lines, xRange: [0, steps], yRange: [0, 1] },
    })
  }
  return charts.map(lineChart)
}
