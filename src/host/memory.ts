import { setFlagsFromString } from 'node:v8'
import * as libc from './libc.ts'

// Parameters of mallopt(3), <malloc.h>.
const M_TRIM_THRESHOLD = -1
const M_MMAP_THRESHOLD = -3
const M_ARENA_MAX = -8
/** Larger blocks are given back to the system as soon as they are free. */
const MMAP_BYTES = 256 * 1024
/** What may stay free at the end of the C library's heap. */
const TRIM_BYTES = 1024 * 1024

/**
 * What is thrown away gets no room to pile up, for a program that stays for hours. Of JavaScript's heap: young (peak
 * 167 → 151 MB with 10 000 sockets) or old, which is collected once it has grown by 15 % (4 ms every ten seconds) and not
 * when it has doubled. Of the C library's, where buffers are: its own limits grow with the largest block ever freed, to
 * 64 MB, and each thread has a heap: 9 instead of 25 MB. To be called first of all: what has grown stays so.
 */
export function boundMemory(): void {
  setFlagsFromString('--semi-space-growth-factor=1')
  setFlagsFromString('--heap-growing-percent=15')
  libc.mallopt?.(M_ARENA_MAX, 1)
  libc.mallopt?.(M_MMAP_THRESHOLD, MMAP_BYTES)
  libc.mallopt?.(M_TRIM_THRESHOLD, TRIM_BYTES)
}
