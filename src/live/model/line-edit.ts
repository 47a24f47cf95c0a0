/** One line of text that is being typed, by code points. */
export class LineEdit {
  #before: string[]
  #after: string[] = []

  constructor(text: string) {
    this.#before = [...text]
  }

  get text(): string {
    return [...this.#before, ...this.#after].join('')
  }

  /** The text in front of the cursor. */
  get head(): string {
    return this.#before.join('')
  }

  get tail(): string {
    return this.#after.join('')
  }

  insert(text: string): void {
    this.#before.push(...text)
  }

  backspace(): void {
    this.#before.pop()
  }

  delete(): void {
    this.#after.shift()
  }

  left(): void {
    const moved = this.#before.pop()
    if (moved !== undefined) this.#after.unshift(moved)
  }

  right(): void {
    const moved = this.#after.shift()
    if (moved !== undefined) this.#before.push(moved)
  }

  home(): void {
    this.#after = [...this.#before, ...this.#after]
    this.#before = []
  }

  end(): void {
    this.#before = [...this.#before, ...this.#after]
    this.#after = []
  }

  clear(): void {
    this.#before = []
    this.#after = []
  }

  /** Ctrl-W: the word in front of the cursor and the spaces behind it. */
  eraseWord(): void {
    this.#before = [...this.head.replace(/\S+\s*$/, '')]
  }
}
