/** Random data sets with detections for tests and benchmarks of the evaluator. */
import type { Category } from '../../src/core/formats/dataset.ts'
import type { BoxXywh } from '../../src/core/geometry/box.ts'
import { toCocoRle } from '../../src/core/geometry/coco-rle.ts'
import { rleOfPolygons } from '../../src/core/geometry/rle.ts'
import type { CocoRle } from '../../src/core/geometry/segmentation.ts'
import { mulberry32, normal, type Random } from '../../src/core/random.ts'

export interface SceneOptions {
  readonly seed: number
  readonly images: number
  readonly objects: number
  readonly detections: number
  readonly categories: number
}

/** COCO files as parsed JSON: what pycocotools reads, number for number. */
export interface CocoScene {
  readonly groundTruth: {
    readonly images: { id: number; file_name: string; width: number; height: number }[]
    readonly categories: Category[]
    readonly annotations: CocoAnnotation[]
  }
  readonly results: {
    image_id: number
    category_id: number
    bbox?: BoxXywh
    segmentation?: CocoRle
    score: number
  }[]
}

interface CocoAnnotation {
  id: number
  image_id: number
  category_id: number
  bbox: BoxXywh
  area: number
  iscrowd: 0 | 1
  segmentation?: number[][]
}

/**
 * Objects of all size classes, some crowds, empty images; detections that are jittered objects, wrong classes or
 * background, with coordinates and scores rounded as exporters do, so that ties and exact IoUs happen. Every file has
 * its ids in shuffled gaps, its last category has no objects, and a few detections have an unknown category.
 */
export function cocoScene({ seed, images, objects, detections, categories }: SceneOptions): CocoScene {
  const random = mulberry32(seed)
  const whole = (below: number) => Math.floor(random() * below)
  const imageId = (index: number) => ((index * 7919) % images) * 3 + 1
  const annotations = Array.from({ length: objects }, (_, index): CocoAnnotation => {
    const bbox = randomBox(random)
    // A segment covers part of its box.
    const area = rounded(bbox[2] * bbox[3] * (0.4 + 0.6 * random()), 2)
    return {
      id: index + 1,
      // The last tenth of the images stays empty.
      image_id: imageId(whole(Math.ceil(images * 0.9))),
      category_id: 2 * (1 + whole(categories - 1)),
      bbox,
      area,
      iscrowd: random() < 0.01 ? 1 : 0,
    }
  })
  const results = Array.from({ length: detections }, () => {
    const object = random() < 0.5 ? annotations[whole(objects)] : undefined
    const wrongClass = random() < 0.1
    return {
      image_id: object?.image_id ?? imageId(whole(images)),
      category_id: object && !wrongClass ? object.category_id : 2 * (1 + whole(categories + 1)),
      bbox: object ? jittered(object.bbox, random) : randomBox(random),
      score: rounded((object ? 0.3 : 0) + 0.7 * random() ** 2, 3),
    }
  })
  return {
    groundTruth: {
      images: Array.from({ length: images }, (_, index) => ({
        id: imageId(index),
        file_name: `${imageId(index)}.jpg`,
        width: 640,
        height: 480,
      })),
      categories: Array.from({ length: categories }, (_, index) => ({
        id: 2 * (index + 1),
        name: `class ${index}`,
      })),
      annotations,
    },
    results,
  }
}

/** The same with masks: polygons of 12 to 60 vertices labelled, run lengths of others detected, two per object. */
export function maskScene(options: Omit<SceneOptions, 'detections'>): CocoScene {
  const { groundTruth, results } = cocoScene({ ...options, detections: 2 * options.objects })
  const random = mulberry32(options.seed + 1)
  const polygon = ([x, y, width, height]: BoxXywh): number[] => {
    const vertices = 12 + Math.floor(49 * random())
    return Array.from({ length: vertices }, (_, i) => {
      const angle = (2 * Math.PI * i) / vertices
      const reach = 0.5 * (0.6 + 0.4 * random())
      return [
        rounded(x + width * (0.5 + reach * Math.cos(angle)), 1),
        rounded(y + height * (0.5 + reach * Math.sin(angle)), 1),
      ]
    }).flat()
  }
  return {
    groundTruth: {
      ...groundTruth,
      annotations: groundTruth.annotations.map((one) => ({ ...one, segmentation: [polygon(one.bbox)] })),
    },
    results: results.map(({ bbox, ...one }) => ({
      ...one,
      segmentation: toCocoRle(rleOfPolygons([polygon(bbox!)], 640, 480)),
    })),
  }
}

function randomBox(random: Random): BoxXywh {
  const width = rounded(4 * 75 ** random(), 1)
  const height = rounded(width * 2 ** normal(random), 1)
  return [rounded(random() * 600, 1), rounded(random() * 440, 1), width, height]
}

function jittered([x, y, width, height]: BoxXywh, random: Random): BoxXywh {
  const shift = () => 0.1 * normal(random)
  const scale = () => Math.exp(0.1 * normal(random))
  return [
    rounded(x + shift() * width, 1),
    rounded(y + shift() * height, 1),
    rounded(width * scale(), 1),
    rounded(height * scale(), 1),
  ]
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits))
}
