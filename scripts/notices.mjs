/** Writes THIRD_PARTY_NOTICES.md from the packages that the program needs at run time, and from what setup downloads. */

import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { PROJECT } from './node24.mjs'

const read = (file) => JSON.parse(readFileSync(path.join(PROJECT, file), 'utf8'))
const { packages } = read('package-lock.json')
const runtime = read('resources/runtime.json')
const { models } = read('resources/models.json')

/** What the window imports. These are development packages, since the build bundles them, but they are shipped too. */
const WINDOW = [
  '@lucide/svelte',
  'bits-ui',
  'clipper-lib',
  'd3-scale',
  'd3-shape',
  'flatbush',
  'konva',
  'svelte',
  'tinykeys',
  'virtua',
]

/** The paths in node_modules of a package and of all its dependencies, without optional peers. */
function placesOf(name, from = '') {
  const inside = path.posix.join(from, 'node_modules', name)
  const place = inside in packages || from === '' ? inside : `node_modules/${name}`
  if (bundled.has(place)) return
  bundled.add(place)
  for (const dependency of Object.keys(packages[place].dependencies ?? {})) placesOf(dependency, place)
}
const bundled = new Set()
for (const name of WINDOW) placesOf(name)

/** Those, and the packages of a plain `npm install --omit=dev` on this platform, with their licence's text. */
const shipped = Object.entries(packages)
  .filter(([place, { dev }]) => place && (!dev || bundled.has(place)))
  .filter(([place]) => existsSync(path.join(PROJECT, place, 'package.json')))
  .map(([place]) => describePackage(place))
  .sort((a, b) => (a.id < b.id ? -1 : 1))
const unique = [...new Map(shipped.map((entry) => [entry.id, entry])).values()]

function describePackage(place) {
  const { name, version, license, licenses } = read(path.join(place, 'package.json'))
  const given = license ?? licenses?.map(({ type }) => type).join(' OR ') ?? 'see its text'
  return { id: `${name} ${version}`, license: given.type ?? given, text: licenseText(place) }
}

/** A font package has a second licence, for the font. */
function licenseText(place) {
  const folder = path.join(PROJECT, place)
  const files = readdirSync(folder).filter((name) => /^(licen[cs]e|copying)/i.test(name))
  return files.map((file) => readFileSync(path.join(folder, file), 'utf8').trim()).join('\n\n')
}

const downloads = [
  `TensorFlow ${runtime.tensorflow} (Apache-2.0), its C library, from the project's Python wheel`,
  ...(runtime.builds['linux-x64-gpu']?.wheels ?? [])
    .filter(({ requirement }) => requirement.startsWith('nvidia'))
    .map(
      ({ requirement }) =>
        `${requirement.replace('==', ' ')} (NVIDIA's licence), on machines with an NVIDIA GPU`,
    ),
  `${runtime.openvino.requirement.replace('==', ' ')} (Apache-2.0), on processors with instructions for bfloat16`,
  ...models.map(({ about, file, license }) => `${about}: ${file} (${license})`),
]

// Each text is listed once, with all the packages that it covers.
const texts = Map.groupBy(
  unique.filter(({ text }) => text),
  ({ text }) => text,
)

writeFileSync(
  path.join(PROJECT, 'THIRD_PARTY_NOTICES.md'),
  `# Third-party notices

Written by \`node scripts/notices.mjs\`; run it after a change of dependencies.

## Downloaded by setup, not distributed here

${downloads.map((line) => `- ${line}`).join('\n')}

The networks and targets follow published papers: FCOS (Tian et al., 2019 and 2020), ResNet, EfficientNet-Lite, FPN, GroupNorm.

## Packages that the program runs on

| package | licence |
|---|---|
${unique.map(({ id, license }) => `| ${id} | ${license} |`).join('\n')}

## Licence texts

${[...texts].map(([text, covered]) => `### ${covered.map(({ id }) => id).join(', ')}\n\n\`\`\`\n${text}\n\`\`\``).join('\n\n')}
`,
)
