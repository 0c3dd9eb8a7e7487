/** The head of FCOS (figure 2), which ATSS has too: two towers, and centerness on one of them or on a third. */
import type { HeadDescription, Meaning } from '../detector.ts'
import type { HeadConfig } from './config.ts'

/** The share of positives that an untrained classifier predicts, so that easy background does not drown the start (focal loss, section 4.1). */
export const PRIOR_BIAS = -Math.log((1 - 0.01) / 0.01)

export const LOCATION_CLASSES: Meaning = 'a score of each class per location'
export const LOG_DISTANCES: Meaning = 'logarithms of distances to the sides in pixels'
export const STRIDE_DISTANCES: Meaning = 'distances to the sides in strides'
export const CENTERNESS: Meaning = 'centerness'

interface Regression {
  /** Initial value of the layer's bias. */
  readonly bias: number
  readonly meaning: Meaning
}

/** @param qualityMeaning null: the head has no such output */
export function fcosHead(
  { channels, depth, norm, groups, centernessOn, levelScale }: Omit<HeadConfig, 'distance'>,
  classes: number,
  { bias, meaning }: Regression,
  qualityMeaning: Meaning | null,
): HeadDescription {
  const [classification, regression] = ['head.classification_head', 'head.regression_head']
  const own = 'head.centerness_head'
  const quality = (branch: typeof centernessOn, root: string) =>
    centernessOn === branch && qualityMeaning !== null
      ? [
          {
            ...{ name: 'centerness', tensor: `${root}.bbox_ctrness`, channels: 1, bias: 0 },
            meaning: qualityMeaning,
          },
        ]
      : []
  return {
    ...{ channels, depth, norm, groups },
    towers: [
      {
        root: classification,
        outputs: [
          {
            name: 'logits',
            tensor: `${classification}.cls_logits`,
            channels: classes,
            perClass: true,
            bias: PRIOR_BIAS,
            meaning: LOCATION_CLASSES,
          },
          ...quality('classification', classification),
        ],
      },
      {
        root: regression,
        outputs: [
          { name: 'regression', tensor: `${regression}.bbox_reg`, channels: 4, bias, meaning },
          ...quality('regression', regression),
        ],
      },
      ...(centernessOn === 'own' && qualityMeaning !== null
        ? [{ root: own, outputs: quality('own', own) }]
        : []),
    ],
    parameters: levelScale
      ? [{ name: 'scales', tensor: `${regression}.scales`, shape: [5], meaning: `a factor of ${meaning}` }]
      : [],
  }
}
