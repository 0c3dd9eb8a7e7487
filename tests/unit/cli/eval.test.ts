import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { evalJson, renderEval, runEval } from '../../../src/main/cli/commands/eval.ts'

let folder: string
const write = (name: string, content: unknown) => {
  const file = join(folder, name)
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content))
  return file
}
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'fcos-eval-'))
})
afterAll(() => {
  rmSync(folder, { recursive: true })
})

// A 100 × 100 cat of which 72 rows are found (IoU 0.72: thresholds 0.50 to 0.70), and a class without objects.
const gt = {
  images: [{ id: 5, file_name: 'a.jpg' }],
  categories: [
    { id: 1, name: 'cat' },
    { id: 2, name: 'dog' },
    { id: 3, name: 'dog' },
  ],
  annotations: [{ id: 1, image_id: 5, category_id: 1, bbox: [0, 0, 100, 100], area: 10_000, iscrowd: 0 }],
}
const dt = [
  { image_id: 5, category_id: 1, bbox: [0, 0, 100, 72], score: 0.9 },
  { image_id: 5, category_id: 9, bbox: [0, 0, 100, 72], score: 0.9 },
]

describe('fcos eval', () => {
  it('says where the pictures have another size than the ground truth states, and where detections lie outside', async () => {
    const photo = await sharp({ create: { width: 40, height: 20, channels: 3, background: 'red' } })
      .withMetadata({ orientation: 6 })
      .jpeg()
      .toBuffer()
    for (const name of ['turned.jpg', 'also.jpg']) writeFileSync(join(folder, name), photo)
    const files = (width: number, height: number) => ({
      ...gt,
      images: [
        { id: 5, file_name: 'turned.jpg', width, height },
        { id: 6, file_name: 'also.jpg', width, height },
      ],
    })
    const said: string[] = []
    const found = [{ image_id: 6, category_id: 1, bbox: [0, 30, 10, 10], score: 0.9 }]
    const run = (truth: unknown) =>
      runEval({ gt: write('sizes.json', truth), dt: write('low.json', found) }, (line) => said.push(line))
    await run(files(40, 20))
    expect(said).toEqual([
      expect.stringMatching(/^2 of 2 images .*turned\.jpg.* 40 × 20.* 20 × 40.*EXIF/),
      expect.stringMatching(/^The centres of 1 of 1 detection .*also\.jpg.* 40 × 20/),
      expect.stringMatching(/^1 of 2 images have objects but not one detection, as turned\.jpg/),
    ])
    said.length = 0
    await run(files(20, 40))
    expect(said).toEqual([expect.stringMatching(/^1 of 2 images have objects/)])
    said.length = 0
    await run({ ...files(20, 40), annotations: [{ ...gt.annotations[0], image_id: 6 }] })
    expect(said).toEqual([])
  })

  it('prints the twelve numbers and a line per category', async () => {
    const report = await runEval({ gt: write('gt.json', gt), dt: write('dt.json', dt) })
    expect(renderEval(report)).toBe(`images: 1, detections: 2
detections ignored because the ground truth lacks their category: 1

 Average Precision  (AP) @[ IoU=0.50:0.95 | area=   all | maxDets=100 ] = 0.500
 Average Precision  (AP) @[ IoU=0.50      | area=   all | maxDets=100 ] = 1.000
 Average Precision  (AP) @[ IoU=0.75      | area=   all | maxDets=100 ] = 0.000
 Average Precision  (AP) @[ IoU=0.50:0.95 | area= small | maxDets=100 ] = -1.000
 Average Precision  (AP) @[ IoU=0.50:0.95 | area=medium | maxDets=100 ] = -1.000
 Average Precision  (AP) @[ IoU=0.50:0.95 | area= large | maxDets=100 ] = 0.500
 Average Recall     (AR) @[ IoU=0.50:0.95 | area=   all | maxDets=  1 ] = 0.500
 Average Recall     (AR) @[ IoU=0.50:0.95 | area=   all | maxDets= 10 ] = 0.500
 Average Recall     (AR) @[ IoU=0.50:0.95 | area=   all | maxDets=100 ] = 0.500
 Average Recall     (AR) @[ IoU=0.50:0.95 | area= small | maxDets=100 ] = -1.000
 Average Recall     (AR) @[ IoU=0.50:0.95 | area=medium | maxDets=100 ] = -1.000
 Average Recall     (AR) @[ IoU=0.50:0.95 | area= large | maxDets=100 ] = 0.500
 maxDets: at most 100 detections per image and class are counted

category  objects     AP   AP50   AP75  small  medium  large  AR100
cat             1  0.500  1.000  0.000      –       –  0.500  0.500
dog             0      –      –      –      –       –      –      –
dog             0      –      –      –      –       –      –      –`)
  })

  it('gives JSON by category name, telling categories of one name apart', async () => {
    const json = evalJson(await runEval({ gt: write('gt.json', gt), dt: write('dt.json', dt) }))
    expect(json.stats).toHaveLength(12)
    expect(Object.keys(json.per_category)).toEqual(['cat', 'dog', 'dog (3)'])
    const { cat } = json.per_category
    expect(cat).toEqual({
      id: 1,
      objects: 1,
      ap: expect.closeTo(0.5, 12),
      ap50: expect.closeTo(1, 12),
      ap75: 0,
      ap_small: -1,
      ap_medium: -1,
      ap_large: expect.closeTo(0.5, 12),
      ar1: 0.5,
      ar10: 0.5,
      ar100: 0.5,
    })
  })

  it.each([
    ['USAGE_NO_FILE', 'none.json: it does not exist', () => join(folder, 'none.json')],
    ['DATA_JSON', 'half.json is not valid JSON', () => write('half.json', '[{"image_id": 1')],
    ['DATA_COCO_RESULTS', 'set.json is not a COCO results list', () => write('set.json', gt)],
    [
      'DATA_UNKNOWN_IMAGE',
      'far.json: [0]: image 6 is not in',
      () => write('far.json', [{ ...dt[0], image_id: 6 }]),
    ],
  ])('%s says which file and where', async (code, message, file) => {
    await expect(runEval({ gt: write('gt.json', gt), dt: file() })).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message),
    })
  })
})
