/** Puts a wheel's libraries, and the add-ons compiled against them, into the cache. */

import { statSync } from 'node:fs'
import path from 'node:path'
import { CodedError } from '../../core/errors.ts'
import { bindingAddOn, buildPlace, cachedAddOn, kernelsAddOn } from './binding.ts'
import { buildFolder } from './cache.ts'
import { type AddOn, compile } from './compile.ts'
import type { RuntimeManifest } from './manifest.ts'
import type { Cached, Probe } from './probe.ts'
import { damageOf, sealFolder } from './seal.ts'
import { unpackWheel } from './wheel.ts'

export type Log = (line: string) => void

export interface Provisioned {
  readonly binding: string
  /** The project's kernels, or null if they cannot be compiled. */
  readonly kernelsPath: string | null
  readonly libraryDirs: string[]
  /** Folders of the cache that contain these files. */
  readonly folders: readonly string[]
}

/** A build of the manifest whose files in the cache have changed. */
export interface Damage {
  readonly build: string
  /** "… has changed since setup" */
  readonly what: string
}

/** Which builds of the manifest are complete in the cache. */
export async function findCached(
  cache: string,
  manifest: RuntimeManifest,
): Promise<Cached & { readonly damage: readonly Damage[] }> {
  const libraries: string[] = []
  const bindings: string[] = []
  const damage: Damage[] = []
  for (const [id, build] of Object.entries(manifest.builds)) {
    const place = buildPlace(cache, id, build, manifest)
    if (!isFolder(place.folder)) continue
    const what = await damageOf(place.folder, place.libraries)
    if (what !== undefined) {
      damage.push({ build: id, what })
      continue
    }
    libraries.push(id)
    const binding = cachedAddOn(cache, 'tfjs_binding', bindingAddOn(place))
    if (await isWhole(binding)) bindings.push(id)
  }
  return { libraries, bindings, damage }
}

const isFolder = (file: string): boolean => statSync(file, { throwIfNoEntry: false })?.isDirectory() ?? false

const isWhole = async (addOn: string): Promise<boolean> =>
  (await damageOf(path.dirname(addOn), [addOn])) === undefined

/** @throws CodedError RUNTIME_* with the remedy; the cache then contains nothing incomplete. */
export async function provisionWheel(
  cache: string,
  { build: id }: { readonly build: string },
  manifest: RuntimeManifest,
  probe: Probe,
  log: Log,
): Promise<Provisioned> {
  const build = manifest.builds[id]!
  const place = buildPlace(cache, id, build, manifest)
  if (!probe.cached.libraries.includes(id))
    await buildFolder(place.folder, async (folder) => {
      for (const wheel of build.wheels) {
        log(`Downloading ${wheel.requirement.replace('==', ' ')}`)
        const patterns = [...build.libraries, ...manifest.headers, 'nvidia/*/lib/*']
        await unpackWheel(probe.python!.command, { ...wheel, tags: build.tags }, patterns, folder)
      }
      await sealFolder(folder)
    })
  const addOn = bindingAddOn(place)
  const binding = cachedAddOn(cache, 'tfjs_binding', addOn)
  if (!(await isWhole(binding))) {
    log("Compiling TensorFlow's binding")
    await buildAddOn(probe.compiler!.command, addOn, binding)
  }
  const kernelsPath = await provideKernels(cache, kernelsAddOn(place), probe, log)
  const addOns = [binding, ...(kernelsPath === null ? [] : [kernelsPath])].map((file) => path.dirname(file))
  return { binding, kernelsPath, libraryDirs: place.libraryFolders, folders: [place.folder, ...addOns] }
}

async function provideKernels(
  cache: string,
  addOn: AddOn | null,
  probe: Probe,
  log: Log,
): Promise<string | null> {
  if (!addOn || !probe.compiler) return null
  // Compiled for this model of CPU, so the CPU is part of the name.
  const cpu = `${probe.cpu} ${probe.cpuFlags?.join(' ') ?? ''}`
  const file = cachedAddOn(cache, 'fcos_kernels', addOn, probe.compiler.version, cpu)
  if (await isWhole(file)) return file
  log('Compiling the FCOS kernels')
  try {
    await buildAddOn(probe.compiler.command, addOn, file)
    return file
  } catch (error) {
    // The engine works without them, but slower.
    if (!(error instanceof CodedError) || error.code !== 'RUNTIME_COMPILE_FAILED') throw error
    log(`Continuing without them: ${error.message}`)
    return null
  }
}

export async function buildAddOn(compiler: string, addOn: AddOn, file: string): Promise<void> {
  await buildFolder(path.dirname(file), async (folder) => {
    await compile(compiler, addOn, path.join(folder, path.basename(file)))
    await sealFolder(folder)
  })
}
