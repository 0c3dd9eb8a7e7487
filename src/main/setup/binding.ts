/** tfjs-node's binding, the project's own kernels and OpenVINO's add-on: what they are built from, and where they are in the cache. */

import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { AddOn } from './compile.ts'
import type { RuntimeBuild, RuntimeManifest } from './manifest.ts'

/** The checkout, to which relative paths refer. */
export const PROJECT = fileURLToPath(new URL('../../../', import.meta.url))

const NODE_API_HEADERS = path.join(PROJECT, 'node_modules/node-api-headers/include')
const KERNELS = path.join(PROJECT, 'src/main/engine/native')
const OPENVINO = path.join(PROJECT, 'src/main/engine/openvino')

/** tfjs-node's package; where it looks for its binding is fixed by its package.json. */
export const TFJS_NODE = path.join(PROJECT, 'node_modules/@tensorflow/tfjs-node-gpu')
export const BINDING_IN_PLACE = path.join(TFJS_NODE, 'lib/napi-v8/tfjs_binding.node')

/** Where the libraries of a build are, and what is compiled against them. */
export interface BuildPlace {
  readonly folder: string
  readonly libraries: readonly string[]
  readonly libraryFolders: string[]
}

export function buildPlace(
  cache: string,
  id: string,
  build: RuntimeBuild,
  manifest: RuntimeManifest,
): BuildPlace {
  const folder = path.join(cache, 'runtimes', `tensorflow-${manifest.tensorflow}-${id}`)
  const libraries = build.libraries.map((library) => path.join(folder, library))
  return { folder, libraries, libraryFolders: [...new Set(libraries.map((file) => path.dirname(file)))] }
}

export function bindingAddOn(place: BuildPlace): AddOn {
  const folder = path.join(TFJS_NODE, 'binding')
  return {
    sources: sourcesIn(folder).filter((file) => file.endsWith('.cc')),
    // The binding includes both "napi_auto_ref.h" and "tfjs-node-gpu/…".
    include: [
      NODE_API_HEADERS,
      path.join(place.folder, 'tensorflow/include'),
      TFJS_NODE,
      path.dirname(TFJS_NODE),
    ],
    flags: ['-O2', '-DNAPI_VERSION=8'],
    libraries: place.libraries,
    libraryFolders: place.libraryFolders,
  }
}

/** The project's own kernels, or null in a checkout without them. */
export function kernelsAddOn(place: BuildPlace): AddOn | null {
  if (!existsSync(KERNELS)) return null
  const native = process.platform === 'darwin' ? '-mcpu=native' : '-march=native'
  return {
    sources: sourcesIn(KERNELS).filter((file) => file.endsWith('.cc')),
    include: [NODE_API_HEADERS, path.join(place.folder, 'tensorflow/include')],
    flags: ['-O3', native, '-fno-math-errno', '-pthread', '-DNAPI_VERSION=8'],
    libraries: place.libraries,
    libraryFolders: place.libraryFolders,
  }
}

/** Where OpenVINO's libraries are. */
export function openvinoPlace(
  cache: string,
  { requirement, library }: RuntimeManifest['openvino'],
): BuildPlace {
  const folder = path.join(cache, 'runtimes', requirement.replace('==', '-'))
  const file = path.join(folder, library)
  return { folder, libraries: [file], libraryFolders: [path.dirname(file)] }
}

export function openvinoAddOn(place: BuildPlace): AddOn {
  return {
    sources: sourcesIn(OPENVINO).filter((file) => file.endsWith('.cc')),
    include: [NODE_API_HEADERS, path.join(place.folder, 'openvino/include')],
    flags: ['-O2', '-pthread', '-DNAPI_VERSION=8'],
    libraries: place.libraries,
    libraryFolders: place.libraryFolders,
  }
}

/** The path of the built add-on, whose name encodes everything that it depends on. */
export function cachedAddOn(cache: string, name: string, addOn: AddOn, ...dependsOn: string[]): string {
  const hash = createHash('sha256')
  const names = addOn.sources.map((source) => path.basename(source))
  for (const part of [...names, ...addOn.flags, ...addOn.libraries, ...dependsOn])
    hash.update(part).update('\0')
  const folders = new Set(addOn.sources.map((source) => path.dirname(source)))
  for (const file of [...folders].flatMap(sourcesIn)) hash.update(readFileSync(file)).update('\0')
  return path.join(cache, 'addons', `${name}-${hash.digest('hex').slice(0, 16)}`, `${name}.node`)
}

function sourcesIn(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => /\.(cc|h)$/.test(name))
    .sort()
    .map((name) => path.join(folder, name))
}
