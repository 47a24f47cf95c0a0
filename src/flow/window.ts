import { MAX_SCALE } from './anomalies.ts'
import { SIDE_SCALED } from './marks.ts'
import type { SideView } from './side-view.ts'

/** The latest window that a side advertised, in bytes; unscaled while its scale is unknown. At most 65 535 << 14. */
export function scaledWindow(side: SideView): number {
  const scale = side.scale
  const window = side.window
  return scale <= MAX_SCALE && side.marks & SIDE_SCALED ? window << scale : window
}
