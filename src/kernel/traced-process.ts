/** A process as the kernel's records and /proc name it; one object per process image, shared by its sockets. */
export interface TracedProcess {
  readonly pid: number
  /** `null` when nobody could tell its name. */
  readonly comm: string | null
  /** Inode of its network namespace; `null` when it was gone before that could be read. */
  readonly netns: number | null
}
