/** `2026-01-31T` of a day, counted from 1970, that a Date can hold. */
export function dateText(day: number): string {
  const text = new Date(day * 86_400_000).toISOString()
  return text.slice(0, -'00:00:00.000Z'.length)
}
