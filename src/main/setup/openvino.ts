/**
 * Provides OpenVINO, an optional accelerator of detection, where it is worth its download: on processors that multiply in
 * bfloat16. Without it everything works, so whatever goes wrong is a reason in the record and no error.
 */
import path from 'node:path'
import type { OpenvinoRecord } from '../../core/contract/runtime.ts'
import { CodedError, describe, toWire } from '../../core/errors.ts'
import { complaintOf } from '../process/complaint.ts'
import { run } from '../process/run.ts'
import { cachedAddOn, openvinoAddOn, openvinoPlace } from './binding.ts'
import { buildFolder } from './cache.ts'
import type { RuntimeManifest } from './manifest.ts'
import { atLeast, requirePip } from './plan.ts'
import type { Probe } from './probe.ts'
import { buildAddOn, type Log } from './provision.ts'
import { damageOf, folderSeals, sealFolder } from './seal.ts'
import { unpackWheel } from './wheel.ts'

/** In /proc/cpuinfo. */
const BFLOAT16 = ['avx512_bf16', 'amx_bf16']

/** Why OpenVINO is no use on this machine, whatever is installed on it; undefined where it may be. */
export function whyNoOpenvino(probe: Probe, { openvino }: RuntimeManifest): string | undefined {
  if (!openvino.builds[`${probe.platform}-${probe.arch}`])
    return `It is set up on ${Object.keys(openvino.builds).join(', ')} alone`
  if (!BFLOAT16.some((flag) => probe.cpuFlags?.includes(flag)))
    return 'It gains little on this CPU, which has no instructions for bfloat16 (AVX-512-BF16 or AMX)'
  if (!atLeast(probe.glibc, 2, 28))
    return `It needs glibc 2.28 or newer, and this system has ${probe.glibc ?? 'none'}`
  return undefined
}

export async function provideOpenvino(
  cache: string,
  manifest: RuntimeManifest,
  probe: Probe,
  log: Log,
): Promise<OpenvinoRecord> {
  const missing = whyNoOpenvino(probe, manifest)
  if (missing) return { missing }
  try {
    return await provide(cache, manifest, probe, log)
  } catch (error) {
    const reason = describe(toWire(error))
    log(`Continuing without OpenVINO, which would detect faster: ${reason}`)
    return { missing: reason }
  }
}

/** @throws CodedError RUNTIME_* with the remedy; the cache then contains nothing incomplete. */
async function provide(
  cache: string,
  { openvino }: RuntimeManifest,
  { platform, arch, python, compiler, freeBytes }: Probe,
  log: Log,
): Promise<OpenvinoRecord> {
  const { requirement, members, diskBytes } = openvino
  const place = openvinoPlace(cache, openvino)
  const damage = await damageOf(place.folder, place.libraries)
  if (damage !== undefined) {
    const command = requirePip(python, platform)
    if (freeBytes < diskBytes)
      throw new CodedError('RUNTIME_DISK_FULL', `OpenVINO needs ${diskBytes / 1e6} MB of disk space`)
    log(`Downloading ${requirement.replace('==', ' ')}: this CPU detects faster with it`)
    const wheel = { requirement, ...openvino.builds[`${platform}-${arch}`]! }
    await buildFolder(place.folder, async (folder) => {
      await unpackWheel(command, wheel, members, folder)
      await sealFolder(folder)
    })
  }
  const built = openvinoAddOn(place)
  const addOn = cachedAddOn(cache, 'fcos_openvino', built)
  if ((await damageOf(path.dirname(addOn), [addOn])) !== undefined) {
    if (!compiler)
      throw new CodedError('RUNTIME_NO_COMPILER', 'No C++ compiler was found to build its add-on')
    log("Compiling OpenVINO's add-on")
    await buildAddOn(compiler.command, built, addOn)
  }
  const version = await loaded(addOn)
  const seals = [place.folder, path.dirname(addOn)].flatMap((folder) => folderSeals(folder) ?? [])
  return { addOn, version, files: seals.filter(({ path: file }) => /\.(node|so)(\.\d+)*$/.test(file)) }
}

/** Its version, as a process of its own reports it. @throws CodedError RUNTIME_BROKEN */
async function loaded(addOn: string): Promise<string> {
  const script = 'console.log(require(process.argv[1]).version)'
  const { status, stdout, stderr } = await run(process.execPath, ['-e', script, addOn], { timeoutMs: 60_000 })
  // "2026.4.1-22982-e213a147257-releases/2026/4"
  const version = /^\d+(\.\d+)+/.exec(stdout)?.[0]
  if (status === 0 && version) return version
  throw new CodedError('RUNTIME_BROKEN', `OpenVINO does not load: ${complaintOf(stderr)}`)
}
