/** The line of a program's standard error that says why it failed. */

/** TensorFlow's word on how it runs, in its newer or older form: no reason to end. */
const CHATTER = /^(I\d{4} \d\d:|\d{4}-\d\d-\d\d \S+ I )/

/** What Node prints around an error: the stack, the source line, the error's properties. */
const AROUND = /^(at |Node\.js v|node:|\^+$|[[\]{}(),;]*$|\w+: ('.*'|-?\d+|\[.*),?$)/

/** A line that names an error, or else the last that means something; '' where there is none. */
export function complaintOf(stderr: string): string {
  const lines = stderr
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !CHATTER.test(line))
  return (
    lines.findLast((line) => /^(\w*Error( \[\w+\])?|error|fatal( error)?): /.test(line)) ??
    lines.findLast((line) => !AROUND.test(line)) ??
    ''
  )
}
