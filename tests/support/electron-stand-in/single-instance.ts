/** One program per folder of user data: a socket in it, over which a second start hands over its arguments. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import path from 'node:path'

export interface SecondStart {
  readonly argv: readonly string[]
  readonly cwd: string
  readonly data: unknown
}

const places = (folder: string) => ({
  pid: path.join(folder, 'singleton.pid'),
  socket: path.join(folder, 'singleton.sock'),
})

/** False where another process that lives has the lock. */
export function lockInstance(folder: string, onSecond: (second: SecondStart) => void): boolean {
  const { pid, socket } = places(folder)
  if (existsSync(pid) && isAlive(Number(readFileSync(pid, 'utf8')))) return false
  mkdirSync(folder, { recursive: true })
  createServer((stream) => {
    let text = ''
    stream.setEncoding('utf8').on('data', (part) => {
      text += part
    })
    stream.on('end', () => onSecond(JSON.parse(text)))
  })
    .listen(socket, () => writeFileSync(pid, String(process.pid)))
    .unref()
  return true
}

export function handOver(folder: string, second: SecondStart): void {
  connect(places(folder).socket).end(JSON.stringify(second))
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
