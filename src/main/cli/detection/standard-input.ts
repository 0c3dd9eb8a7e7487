import { text } from 'node:stream/consumers'

/**
 * The arguments, with `-` replaced by the lines of standard input. Names may also end with a 0 byte, as those of
 * `find -print0` do.
 */
export async function withStandardInput(args: readonly string[], input = process.stdin): Promise<string[]> {
  if (!args.includes('-')) return [...args]
  const given = await text(input)
  const names = given.split(given.includes('\0') ? '\0' : /\r?\n/).filter((name) => name !== '')
  let isFirst = true
  return args.flatMap((arg) => {
    if (arg !== '-') return [arg]
    const here = isFirst ? names : []
    isFirst = false
    return here
  })
}
