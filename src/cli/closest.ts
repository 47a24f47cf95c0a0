/** A word with more wrong letters is another one. */
const MOST_ERRORS = 2

/** Of the names, those that a mistyped word is closest to: by letters too many, missing, wrong or swapped. */
export function closest(word: string, names: readonly string[]): readonly string[] {
  const distances = names.map((name) => ({ name, errors: distance(word, name) }))
  const least = Math.min(...distances.map(({ errors }) => errors))
  // Of a short word two wrong letters leave nothing.
  if (least > MOST_ERRORS || least * 2 > word.length) return []
  return distances.filter(({ errors }) => errors === least).map(({ name }) => name)
}

/** Damerau-Levenshtein distance, neighbours swapped at most once. */
function distance(a: string, b: string): number {
  let before: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let row = 1; row <= a.length; row++) {
    const next = [row]
    for (let column = 1; column <= b.length; column++) {
      const wrong = a[row - 1] === b[column - 1] ? 0 : 1
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]
      const errors = Math.min(last[column]! + 1, next[column - 1]! + 1, last[column - 1]! + wrong)
      next.push(swapped ? Math.min(errors, before[column - 2]! + 1) : errors)
    }
    before = last
    last = next
  }
  return last[b.length]!
}
