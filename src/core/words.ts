/** "1 image", "3 images", "2 boxes". */
export function countOf(
  n: number,
  one: string,
  many = `${one}${/(s|x|ch|sh)$/.test(one) ? 'es' : 's'}`,
): string {
  return `${n} ${n === 1 ? one : many}`
}
