import { exhausted, grown } from './host.ts'

const PAGE: usize = 1 << 16

/** Everything below is taken. What is freed in small pieces waits on a free list of its kind. */
let top: usize = __heap_base
/** Where what may be taken ends; behind it are fresh pages that are being touched, where there are any. */
let end: usize = usize(memory.size()) * PAGE
/** Pages that are being touched, on another thread: nobody may write there until `freshTouched`. */
let fresh: usize = 0
let freshEnd: usize = 0
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
  let at = aligned(top, align)
  if (at + bytes > end) {
    // Behind what is being touched: that is spare later.
    if (end == fresh) at = aligned(freshEnd, align)
    const size = usize(memory.size()) * PAGE
    const missing = at + bytes - size
    // A quarter more at least, so that it grows seldom.
    if (grow(max<usize>(missing, size / 4)) == 0 && grow(missing) == 0) exhausted()
    end = usize(memory.size()) * PAGE
    grown()
  }
  top = at + bytes
  return at
}

/** How many bytes were ever taken, and how many of those that may be are not. */
export function takenBytes(): usize {
  return top
}
export function leftBytes(): usize {
  return end - top
}

/**
 * Fresh memory that another thread may write zeros to, so that its pages are there when they are wanted; its address,
 * 0 when there is none. It is not taken before `freshTouched`.
 */
export function growFresh(bytes: usize): usize {
  const from = usize(memory.size()) * PAGE
  if (fresh != 0 || grow(bytes) == 0) return 0
  fresh = from
  freshEnd = usize(memory.size()) * PAGE
  grown()
  return fresh
}

/** It is taken next; where the memory has grown behind it meanwhile, it is spare, or lost to a larger piece that is. */
export function freshTouched(): void {
  if (end == fresh) end = freshEnd
  else if (freshEnd - fresh > spareEnd - spare) {
    spare = fresh
    spareEnd = freshEnd
  }
  fresh = 0
}

function grow(bytes: usize): bool {
  return memory.grow(i32((bytes + PAGE - 1) / PAGE)) >= 0
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
