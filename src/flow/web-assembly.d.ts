// What `engine.ts` needs of the platform; ES2023's types do not declare it.

/** The bytes of base64 text, a character each. */
declare function atob(text: string): string

declare namespace WebAssembly {
  class Module {
    constructor(code: Uint8Array<ArrayBuffer>)
  }
  class Instance {
    readonly exports: Readonly<Record<string, unknown>>
    constructor(module: Module, imports: Record<string, Record<string, (...values: number[]) => void>>)
  }
}
