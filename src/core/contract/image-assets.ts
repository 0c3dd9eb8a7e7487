/**
 * Images that accompany the studio's API, fetched by address. <id> is an image's id. Errors come as a WireError in JSON.
 *
 *   /asset/thumbnail/<id>                               JPEG, longest side 256 px
 *   /asset/image/<id>/info                              ImageInfo
 *   /asset/image/<id>/whole?low&high                    the picture, where kind is 'whole'
 *   /asset/image/<id>/overview                          JPEG, longest side 2048 px
 *   /asset/image/<id>/tile/<level>/<column>/<row>?low&high   PNG
 *   /asset/maps/<id>?model=<key>                        raw outputs of the model in use: model-assets.ts
 *   /asset/candidates/<id>?model=<key>                  candidates of its detections: model-assets.ts
 *   /asset/training-input/<id>?seed&short&long&tile     as a training run would see it: training-input-asset.ts
 *   /asset/run/<run id>/pinned/<index>?step=<step>      predictions of a pinned image: pinned.ts
 *
 * All are as displayed: EXIF orientation applied. low and high are the window of pictures of more than 8 bits: values that
 * are shown black and white; without them it is the suggested one.
 */
import { z } from 'zod'

export const ImageInfo = z.object({
  width: z.int(),
  height: z.int(),
  /** Bits of a sample; 32 are floats. */
  depth: z.union([z.literal(8), z.literal(16), z.literal(32)]),
  /** As stored, alpha included. */
  channels: z.int(),
  kind: z.enum(['whole', 'tiled']),
  /** Longest side of a tile, px; those at the right and lower edge are smaller. */
  tileSize: z.int(),
  /** Level 0 has every pixel; each next one half as many along each side, cut down to whole ones, and at least one. */
  levels: z.int(),
  /** Whether the tiles are made already. The first request for one of them waits until they are. */
  tilesReady: z.boolean(),
  /**
   * Lowest and highest value of a picture of more than 8 bits; of a tiled one, among about a million of its pixels. Null
   * for 8 bits, as is the window.
   */
  range: z.tuple([z.number(), z.number()]).nullable(),
  /** The window that is suggested: the 0.5th and the 99.5th percentile. */
  window: z.object({ low: z.number(), high: z.number() }).nullable(),
})
export type ImageInfo = z.infer<typeof ImageInfo>
