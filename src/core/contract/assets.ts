/**
 * Pictures beside the studio's API, fetched by address. <id> is an image's id. Errors come as a WireError in JSON.
 *
 *   /asset/thumbnail/<id>                               JPEG, longest side 256 px
 *   /asset/image/<id>/info                              ImageInfo
 *   /asset/image/<id>/whole?low&high                    the picture, where kind is 'whole'
 *   /asset/image/<id>/overview                          JPEG, longest side 2048 px
 *   /asset/image/<id>/tiles                             makes the tiles; answers (as info does) when they are there
 *   /asset/image/<id>/tile/<level>/<column>/<row>?low&high   PNG; 503 IO_TILES_MISSING until they are made
 *
 * All are as displayed: EXIF orientation applied. low and high are the window of pictures of more than 8 bits: values
 * that are shown black and white; without them it is the suggested one.
 */
import { z } from 'zod'

const Size = z.object({ width: z.int(), height: z.int() })

export const ImageInfo = z.object({
  width: z.int(),
  height: z.int(),
  /** Bits of a sample. */
  depth: z.union([z.literal(8), z.literal(16), z.literal('float')]),
  /** As stored, alpha included. */
  channels: z.int(),
  kind: z.enum(['whole', 'tiled']),
  tiles: z
    .object({
      /** Longest side of a tile, px; those at the right and lower edge are smaller. */
      size: z.int(),
      /** Level 0 is the picture; each is shown stretched to the picture's size. */
      levels: z.array(Size),
      /** False until they were made by a request for /tiles. */
      ready: z.boolean(),
    })
    .optional(),
  /**
   * Values of more than 8 bits: lowest, highest, and the window suggested at first (0.5th and 99.5th percentile). Of
   * tiled pictures from about a million of their pixels.
   */
  range: z.object({ min: z.number(), max: z.number(), low: z.number(), high: z.number() }).optional(),
})
export type ImageInfo = z.infer<typeof ImageInfo>
