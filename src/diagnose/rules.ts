import type { Rule } from './finding.ts'
import { closedAppStuck } from './rules/closed-app-stuck.ts'
import { deniedLocal } from './rules/denied-local.ts'
import { exhaustedPorts } from './rules/exhausted-ports.ts'
import { inconclusive } from './rules/inconclusive.ts'
import { refusedByFirewall } from './rules/refused-firewall.ts'
import { refusedWrongAddress, refusedWrongFamily } from './rules/refused-listener.ts'
import { refusedNoListener, refusedWrongNetns } from './rules/refused-no-listener.ts'
import { refusedReset } from './rules/refused-reset.ts'
import { resetAborted } from './rules/reset-aborted.ts'
import { resetBacklogAbort } from './rules/reset-backlog-abort.ts'
import { resetInjected } from './rules/reset-injected.ts'
import { resetByPeer, resetByUs } from './rules/reset-sender.ts'
import { resetUnreadData } from './rules/reset-unread-data.ts'
import { stalledAcceptQueue } from './rules/stalled-accept-queue.ts'
import { stalledNoServerSocket } from './rules/stalled-no-server-socket.ts'
import { stalledPmtu } from './rules/stalled-pmtu.ts'
import { stalledRetransmitting } from './rules/stalled-retransmitting.ts'
import { stalledZeroWindow } from './rules/stalled-zero-window.ts'
import { droppedIn, droppedOut } from './rules/timeout-dropped.ts'
import { handshakeStuck, noAnswer } from './rules/timeout-no-answer.ts'
import { acceptQueueFull, synQueueFull } from './rules/timeout-queue.ts'
import { staleState } from './rules/timeout-stale-state.ts'
import { unreachableByIcmp } from './rules/unreachable-icmp.ts'
import { neighborMissing } from './rules/unreachable-neighbor.ts'
import { noRouteBack, unreachableByRoute } from './rules/unreachable-route.ts'

/**
 * Every rule, in the order in which they are asked: the first that speaks is the verdict. The more specific stands
 * before the less specific, the cause before the who, what was never sent before what was never answered.
 */
export const RULES: readonly Rule[] = [
  exhaustedPorts,
  deniedLocal,
  unreachableByRoute,
  refusedByFirewall,
  refusedWrongAddress,
  refusedWrongFamily,
  refusedWrongNetns,
  refusedNoListener,
  refusedReset,
  neighborMissing,
  unreachableByIcmp,
  staleState,
  droppedOut,
  droppedIn,
  acceptQueueFull,
  synQueueFull,
  noRouteBack,
  handshakeStuck,
  noAnswer,
  resetUnreadData,
  resetBacklogAbort,
  resetAborted,
  resetInjected,
  resetByUs,
  resetByPeer,
  stalledAcceptQueue,
  stalledNoServerSocket,
  stalledZeroWindow,
  stalledPmtu,
  stalledRetransmitting,
  closedAppStuck,
  inconclusive,
]
