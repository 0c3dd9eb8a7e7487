import { parseCoco } from '../../src/core/formats/coco.ts'
import { parseCsv } from '../../src/core/formats/csv.ts'
import type { Dataset, Problem } from '../../src/core/formats/dataset.ts'
import { type Format, TRAITS } from '../../src/core/formats/formats.ts'
import { parseLabelMe } from '../../src/core/formats/labelme.ts'
import { classNamesOf, fromNamed, type NamedImage } from '../../src/core/formats/named.ts'
import { folderOf, inside, stemOf } from '../../src/core/formats/paths.ts'
import { ProblemLog } from '../../src/core/formats/problems.ts'
import { surveyOf } from '../../src/core/formats/survey.ts'
import { parseVoc } from '../../src/core/formats/voc.ts'
import { textOf } from '../../src/core/formats/writer.ts'
import { parseYolo, YoloGrammar } from '../../src/core/formats/yolo.ts'
import { parseClassesTxt, parseDataYaml } from '../../src/core/formats/yolo-names.ts'

/** Writes a data set in a format and reads the text again, without a disk. */
export function throughFormat(dataset: Dataset, format: Format): { dataset: Dataset; problems: Problem[] } {
  const log = new ProblemLog('written')
  const files = new Map(
    [...TRAITS[format].write(dataset, surveyOf(dataset.images), log)].map((file) => [
      file.path,
      textOf(file),
    ]),
  )
  const problems = log.problems
  const finish = (images: NamedImage[]) => ({ dataset: fromNamed(images, classNamesOf(images)), problems })
  switch (format) {
    case 'coco':
      return withProblems(parseCoco(JSON.parse(files.get('annotations.json')!), 'annotations.json'), problems)
    case 'csv':
      return withProblems(parseCsv(files.get('annotations.csv')!, 'annotations.csv'), problems)
    case 'voc':
      return finish(
        dataset.images.map(({ fileName, splits }) => {
          const label = `Annotations/${stemOf(fileName)}.xml`
          const { document, log } = parseVoc(files.get(label)!, label)
          problems.push(...log.problems)
          const { width, height, objects } = document
          const name = inside(folderOf(fileName), document.fileName!)
          const lists = (splits ?? []).filter((split) =>
            files.get(`ImageSets/Main/${split}.txt`)!.split('\n').includes(stemOf(fileName)),
          )
          return { fileName: name, width, height, objects, ...(splits && { splits: lists }) }
        }),
      )
    case 'labelme':
      return finish(
        dataset.images.map(({ fileName }) => {
          const label = `${stemOf(fileName)}.json`
          const { document, log } = parseLabelMe(JSON.parse(files.get(label)!), label)
          problems.push(...log.problems)
          const { width, height, objects } = document
          return { fileName: inside(folderOf(fileName), document.imagePath!), width, height, objects }
        }),
      )
    case 'yolo': {
      const {
        categories,
        splits,
        shapes,
        problems: found,
      } = parseDataYaml(files.get('data.yaml')!, 'data.yaml')
      const plain = parseClassesTxt(files.get('classes.txt')!, 'classes.txt').categories
      if (JSON.stringify(plain) !== JSON.stringify(categories))
        throw new Error('classes.txt differs from data.yaml')
      problems.push(...found)
      const grammar = new YoloGrammar(files.values(), shapes)
      const images = dataset.images.map((image) => {
        const label = `labels/${stemOf(image.fileName)}.txt`
        const { annotations, log } = parseYolo(files.get(label)!, label, image, categories, grammar)
        problems.push(...log.problems)
        const lists = (image.splits ?? []).filter((split) =>
          files.get(splits.get(split)![0]!)!.split('\n').includes(`./images/${image.fileName}`),
        )
        return { ...image, annotations, ...(image.splits && { splits: lists }) }
      })
      return { dataset: { categories, images }, problems }
    }
  }
}

const withProblems = (parsed: { dataset: Dataset; problems: Problem[] }, problems: Problem[]) => ({
  dataset: parsed.dataset,
  problems: [...problems, ...parsed.problems],
})
