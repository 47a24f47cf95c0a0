/** The latest `capacity` items, in order. */
export class Ring<Item> {
  readonly #items: Item[] = []
  readonly #capacity: number
  #start = 0
  /** Items ever added. */
  total = 0

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  get length(): number {
    return this.#items.length
  }

  add(item: Item): void {
    this.total++
    if (this.#items.length < this.#capacity) this.#items.push(item)
    else {
      this.#items[this.#start] = item
      this.#start = (this.#start + 1) % this.#capacity
    }
  }

  /** By serial number: the first ever is 0. `undefined` when it is gone or not there yet. */
  at(serial: number): Item | undefined {
    const index = serial - (this.total - this.#items.length)
    if (index < 0 || index >= this.#items.length) return undefined
    return this.#items[(this.#start + index) % this.#items.length]
  }
}
