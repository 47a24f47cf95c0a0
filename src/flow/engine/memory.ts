import { exhausted, grown } from './host.ts'

const PAGE: usize = 1 << 16

/** Everything below is taken. What is freed in small pieces waits on a free list of its kind. */
let top: usize = __heap_base
/** A large piece that was given back. */
let spare: usize = 0
let spareEnd: usize = 0

/** Zeroed memory whose address is a multiple of `align`, any number. The host ends the run when there is no more. */
export function allocate(bytes: usize, align: usize): usize {
  const kept = aligned(spare, align)
  if (kept + bytes <= spareEnd) {
    spare = kept + bytes
    return kept
  }
  const at = aligned(top, align)
  top = at + bytes
  const size = usize(memory.size()) * PAGE
  if (top > size) {
    // A quarter more at least, so that it grows seldom.
    const missing = max<usize>(top - size, size / 4)
    if (
      memory.grow(i32((missing + PAGE - 1) / PAGE)) < 0 &&
      memory.grow(i32((top - size + PAGE - 1) / PAGE)) < 0
    )
      exhausted()
    grown()
  }
  return at
}

/** A piece that nothing points to any more: the next that fit are taken from it. */
export function giveBack(at: usize, bytes: usize): void {
  if (bytes <= spareEnd - spare) return
  memory.fill(at, 0, bytes)
  spare = at
  spareEnd = at + bytes
}

function aligned(at: usize, align: usize): usize {
  return ((at + align - 1) / align) * align
}
