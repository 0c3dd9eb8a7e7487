/** The line of a program's standard error that says why it failed. */

/** TensorFlow's messages about how it runs, in their newer or older form, which are not errors. */
const CHATTER = /^(I\d{4} \d\d:|\d{4}-\d\d-\d\d \S+ I )/

/** What Node prints around an error: the stack, the source line, the error's properties. */
const AROUND = /^(at |Node\.js v|node:|\^+$|[[\]{}(),;]*$|\w+: ('.*'|-?\d+|\[.*),?$)/

/** A line that names an error, as Node, compilers or TensorFlow do, or else the last meaningful line; '' if there is none. */
export function complaintOf(stderr: string): string {
  const lines = stderr
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !CHATTER.test(line))
  return (
    lines.findLast((line) => /^(\w*Error( \[\w+\])?|error|fatal( error)?): /.test(line)) ??
    lines.findLast((line) => /^[EF]\d{4} \d\d:/.test(line)) ??
    lines.findLast((line) => !AROUND.test(line)) ??
    ''
  )
}
