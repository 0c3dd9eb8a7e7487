/** What rays cannot say of an object, for people who have not read the paper. */
import type { OutlineLoss } from '../../core/detectors/polarmask/representability.ts'

export const OUTLINE_LOSS_MEANINGS: Readonly<Record<OutlineLoss, string>> = {
  'centroid outside':
    'The centroid of the outline lies outside the object, so that the locations around it see it from outside',
  'hole lost': 'The object has a hole, and rays fill it',
  'part lost': 'The object has several parts, and rays describe the largest alone',
  'not star-shaped':
    'A ray from the centroid leaves the object and comes back, so that what lies between is filled',
  tiny: 'Too small to be learnt, as the authors of PolarMask leave it out, or too small for every ray to meet its outline',
}
