import { decodeCandidateFile, type ImageCandidates } from '../../core/contract/model-assets.ts'
import { fromWire } from '../../core/errors.ts'

/**
 * @param key key of the model in use
 * @throws CodedError the studio's error; the signal's reason when aborted.
 */
export async function fetchCandidates(
  image: number,
  key: string,
  signal: AbortSignal,
): Promise<ImageCandidates> {
  const response = await fetch(`/asset/candidates/${image}?model=${encodeURIComponent(key)}`, { signal })
  if (!response.ok) throw fromWire(await response.json())
  return decodeCandidateFile(await response.bytes())
}
