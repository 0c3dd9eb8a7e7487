/** A machine for the tests of setup: its python3, pip, c++ and nvidia-smi are small scripts that a test can break. */

import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { RuntimeManifest } from '../../src/main/setup/manifest.ts'

const project = fileURLToPath(new URL('../../', import.meta.url))
const LIBRARY = 'tensorflow/libtensorflow_cc.so.2'
const OPENVINO = 'openvino/libs/libopenvino_c.so.1'

const which = (name: string) => execFileSync('which', [name], { encoding: 'utf8' }).trim()

export class FakeMachine {
  readonly folder = mkdtempSync(path.join(tmpdir(), 'fcos-setup-'))
  readonly cache = path.join(this.folder, 'cache')
  /** Programs called, one line each: `pip tensorflow-cpu==0.0.1`, `c++ tfjs_binding.node`. */
  readonly calls = path.join(this.folder, 'calls')
  readonly manifest: RuntimeManifest
  /** The manifest has none, since the tests' real processor may not gain by it. */
  readonly openvino: RuntimeManifest['openvino']['builds']
  private readonly bin = path.join(this.folder, 'bin')
  private readonly path = process.env.PATH

  constructor() {
    const python = which('python3')
    const compiler = which('c++')
    mkdirSync(this.bin)
    writeFileSync(this.calls, '')
    const wheel = path.join(this.folder, 'fake-0.0.1-py3-none-any.whl')
    const make = `import sys, zipfile
with zipfile.ZipFile(sys.argv[1], 'w') as wheel:
    wheel.writestr('${LIBRARY}', b'library' * 100000)
    wheel.writestr('${OPENVINO}', b'library' * 100000)
    wheel.writestr('tensorflow/include/tensorflow/c/c_api.h', '// header')
    wheel.writestr('tensorflow/python/unneeded.py', '')`
    execFileSync(python, ['-c', make, wheel])
    const sha256 = createHash('sha256').update(readFileSync(wheel)).digest('hex')
    const build = { tags: ['any'], libraries: [LIBRARY], diskBytes: 1 }
    const host = `${process.platform}-${process.arch}`
    this.manifest = {
      tensorflow: '0.0.1',
      headers: ['tensorflow/include/*.h'],
      builds: {
        [`${host}-gpu`]: { ...build, device: 'gpu', wheels: [{ requirement: 'tensorflow==0.0.1', sha256 }] },
        [`${host}-cpu`]: {
          ...build,
          device: 'cpu',
          wheels: [{ requirement: 'tensorflow-cpu==0.0.1', sha256 }],
        },
      },
      openvino: {
        ...{ requirement: 'openvino==0.0.1', members: ['openvino/libs/*'], library: OPENVINO, diskBytes: 1 },
        builds: {},
      },
    }
    this.openvino = { [host]: { tags: ['any'], sha256 } }
    this.program(
      'python3',
      `if [ "$1 $2 $3" != "-m pip download" ]; then exec ${python} "$@"; fi
for last; do previous=$folder; folder=$last; done
echo "pip $last" >> ${this.calls}
cp ${wheel} "$previous"`,
    )
    this.program(
      'c++',
      `if [ "$1" = --version ]; then echo "fake c++ 1.0"; exit; fi
for output; do true; done
echo "c++ $(basename "$output")" >> ${this.calls}
case "$output" in *fcos_kernels*) echo "error: no kernels on this machine" >&2; exit 1;; esac
exec ${compiler} -shared -fPIC -I ${project}node_modules/node-api-headers/include ${project}tests/support/fake-binding.cc -o "$output"`,
    )
    for (const missing of ['python', 'g++', 'clang++', 'nvidia-smi']) this.program(missing, 'exit 127')
    process.env.PATH = `${this.bin}${path.delimiter}${this.path}`
  }

  /** Puts a shell script in front of the machine's program of that name. */
  program(name: string, script: string): void {
    const file = path.join(this.bin, name)
    rmSync(file, { force: true })
    writeFileSync(file, `#!/bin/sh\n${script}\n`)
    chmodSync(file, 0o755)
  }

  /** Wraps a program that is there: `before` runs first and may exit. */
  prepend(name: string, before: string): void {
    const script = readFileSync(path.join(this.bin, name), 'utf8')
    this.program(name, `${before}\n${script}`)
  }

  called(): string[] {
    return readFileSync(this.calls, 'utf8').trim().split('\n').filter(Boolean)
  }

  remove(): void {
    process.env.PATH = this.path
    rmSync(this.folder, { recursive: true, force: true })
  }
}
