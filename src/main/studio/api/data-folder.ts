import { homedir } from 'node:os'
import path from 'node:path'

/** Where this user's settings and copy of the sample lie: FCOS_HOME, or the platform's place for application data. */
export function dataFolder(
  env: NodeJS.ProcessEnv = process.env,
  platform: NodeJS.Platform = process.platform,
  home: string = homedir(),
): string {
  if (env.FCOS_HOME) return path.resolve(env.FCOS_HOME)
  if (platform === 'darwin') return path.join(home, 'Library', 'Application Support', 'fcos-studio')
  if (platform === 'win32')
    return path.join(env.APPDATA ?? path.join(home, 'AppData', 'Roaming'), 'fcos-studio')
  return path.join(env.XDG_DATA_HOME || path.join(home, '.local', 'share'), 'fcos-studio')
}
