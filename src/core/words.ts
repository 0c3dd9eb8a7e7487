/** A count with a comma between thousands: "2,777". */
export const count = (n: number): string => n.toFixed(0).replace(/\B(?=(\d{3})+$)/g, ',')

/** "1 image", "2,777 images", "2 boxes". */
export function countOf(
  n: number,
  one: string,
  many = `${one}${/(s|x|ch|sh)$/.test(one) ? 'es' : 's'}`,
): string {
  return `${count(n)} ${n === 1 ? one : many}`
}
