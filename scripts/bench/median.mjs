/** The middle of the values; of an even number the upper one. */
export function median(values) {
  return [...values].sort((a, b) => a - b)[values.length >> 1]
}
