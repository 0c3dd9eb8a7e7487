/** Machines, as the probe records them. The first was recorded; the others differ from it in what their names say. */

import type { Probe } from '../../../src/main/setup/probe.ts'

export const cpuWithAmx: Probe = {
  platform: 'linux',
  arch: 'x64',
  glibc: '2.36',
  cpu: 'Intel(R) Xeon(R) Processor',
  cores: 2,
  memoryBytes: 25_200_000_000,
  cpuFlags: ['sse4_2', 'avx', 'avx2', 'fma', 'avx512f', 'avx512_bf16', 'amx_bf16', 'amx_tile', 'amx_int8'],
  gpus: [],
  gpuProblem: null,
  python: { command: 'python3', version: '3.11.7', pip: '23.2.1' },
  compiler: { command: 'c++', version: 'c++ (Debian 12.2.0-14+deb12u1) 12.2.0' },
  freeBytes: 77_000_000_000,
  cached: { libraries: [], bindings: [] },
}

export const withGpu: Probe = {
  ...cpuWithAmx,
  gpus: [{ name: 'NVIDIA H100 80GB HBM3', memoryMiB: 81_559, driver: '550.54.15' }],
}

export const noAvx: Probe = {
  ...cpuWithAmx,
  cpu: 'Intel(R) Pentium(R) CPU N3700',
  cpuFlags: ['sse4_1', 'sse4_2'],
}

export const noPip: Probe = { ...cpuWithAmx, python: { command: 'python3', version: '3.12.3', pip: null } }

export const noCompiler: Probe = { ...cpuWithAmx, compiler: null }

export const diskFull: Probe = { ...cpuWithAmx, freeBytes: 900_000_000 }

export const macArm: Probe = {
  ...cpuWithAmx,
  platform: 'darwin',
  arch: 'arm64',
  glibc: null,
  cpu: 'Apple M2',
  cpuFlags: null,
  compiler: { command: 'c++', version: 'Apple clang version 15.0.0' },
}

export const windows: Probe = {
  ...cpuWithAmx,
  platform: 'win32',
  glibc: null,
  cpuFlags: null,
  python: { command: 'python', version: '3.12.3', pip: '24.0' },
  compiler: null,
}
