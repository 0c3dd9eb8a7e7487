/** Compiles native add-ons against the C libraries of TensorFlow and OpenVINO, with one compiler call each and no build system. */

import { existsSync } from 'node:fs'
import path from 'node:path'
import { CodedError } from '../../core/errors.ts'
import { run } from '../process/run.ts'

export interface AddOn {
  readonly sources: readonly string[]
  readonly include: readonly string[]
  readonly flags: readonly string[]
  /** Shared libraries, absolute; the add-on finds them there at run time. */
  readonly libraries: readonly string[]
  readonly libraryFolders: readonly string[]
}

export function compilerArguments(addOn: AddOn, output: string, platform: NodeJS.Platform): string[] {
  // Node's own symbols are resolved when it loads the add-on; macOS's linker needs to be told.
  const shared = platform === 'darwin' ? ['-bundle', '-undefined', 'dynamic_lookup'] : ['-shared']
  return [
    ...shared,
    ...['-fPIC', '-std=c++17', ...addOn.flags],
    ...addOn.include.flatMap((folder) => ['-I', folder]),
    ...addOn.sources,
    ...addOn.libraries,
    ...addOn.libraryFolders.map((folder) => `-Wl,-rpath,${folder}`),
    ...['-o', output],
  ]
}

/** @throws CodedError RUNTIME_COMPILE_FAILED with the compiler's first error. */
export async function compile(compiler: string, addOn: AddOn, output: string): Promise<void> {
  const result = await run(compiler, compilerArguments(addOn, output, process.platform))
  if (result.status === 0 && existsSync(output)) return
  const lines = result.stderr.trim().split('\n')
  const complaint = lines.find((line) => /error|cannot|No space/i.test(line)) ?? lines[0] ?? ''
  if (/No space left|File too large/i.test(result.stderr))
    throw new CodedError(
      'RUNTIME_DISK_FULL',
      `The disk is full while compiling ${output}`,
      'Free some space and try again',
    )
  throw new CodedError(
    'RUNTIME_COMPILE_FAILED',
    `${compiler} could not build ${path.basename(output)}: ${complaint.trim()}`,
    'A C++17 compiler is needed: GCC 8, Clang 7 or newer',
    { cause: result.stderr },
  )
}
