/** The studio as a shell starts it on this machine. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { DETECTION_SPEEDS, runtimeTitle, speedTitle } from '../../../core/contract/runtime.ts'
import type { AppInfo } from '../../../core/contract/studio/app.ts'
import { describe, toWire } from '../../../core/errors.ts'
import { cacheRoot } from '../../setup/cache.ts'
import { readRuntimeRecord, readSpeeds } from '../engine/environment.ts'
import { CHECKOUT, type EnginePlace } from '../engine/place.ts'
import { dataFolder } from './data-folder.ts'
import { StudioHost } from './host.ts'

export interface Shell {
  readonly shell: AppInfo['shell']
  /** The program's own folder, with package.json and resources/. */
  readonly root: string
  /** For pictures that can be made again. */
  readonly cacheFolder: string
  /** By default this checkout and the Node that runs it. */
  readonly engine?: EnginePlace
  /** Why the engine is not set up yet, for a program that does it by itself; undefined where it does not. */
  readonly whyNoEngine?: () => string | undefined
}

export function createHost({ shell, root, cacheFolder, engine = CHECKOUT, whyNoEngine }: Shell): StudioHost {
  const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'))
  return new StudioHost({
    info: () => ({
      version,
      shell,
      platform: platformName(process.platform),
      engine: engineInfo(engine, whyNoEngine),
      detection: measured(),
    }),
    dataFolder: dataFolder(),
    cacheFolder,
    sampleFolder: path.join(root, 'resources', 'sample'),
    engine,
  })
}

function platformName(platform: NodeJS.Platform): AppInfo['platform'] {
  if (platform === 'darwin') return 'mac'
  return platform === 'win32' ? 'windows' : 'linux'
}

function measured(): AppInfo['detection'] {
  const speeds = Object.values(readSpeeds(path.join(cacheRoot(), DETECTION_SPEEDS)))
  return speeds.sort((a, b) => Date.parse(b.at) - Date.parse(a.at)).map(speedTitle)
}

/** What setup chose, or why there is nothing: the studio annotates without an engine too. */
function engineInfo(engine: EnginePlace, why: Shell['whyNoEngine']): AppInfo['engine'] {
  try {
    const record = readRuntimeRecord(engine)
    return { title: runtimeTitle(record), canTrain: record.device !== 'onnx' }
  } catch (error) {
    return { title: why?.() ?? describe(toWire(error)), canTrain: false }
  }
}
