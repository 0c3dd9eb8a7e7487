import { readFile } from 'node:fs/promises'
import type { AssetResponse } from '../../src/main/studio/assets/responses.ts'

/** What a transport would send. */
export async function readFileAsset({ body }: AssetResponse): Promise<Uint8Array> {
  return Buffer.isBuffer(body) ? body : readFile(body.file)
}
