/** Epoch seconds now, whole: the origin from which a live source counts its nanoseconds. */
export function originNow(): number {
  return Math.floor(Date.now() / 1000)
}

/** Nanoseconds since `originSeconds`, for packets that carry no time of their own. */
export function nanosSince(originSeconds: number): number {
  return (performance.timeOrigin + performance.now() - originSeconds * 1000) * 1e6
}
