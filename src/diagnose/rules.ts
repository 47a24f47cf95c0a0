import { closedAppStuck } from './closed-app-stuck.ts'
import { deniedLocal } from './denied-local.ts'
import { exhaustedPorts } from './exhausted-ports.ts'
import type { Rule } from './finding.ts'
import { inconclusive } from './inconclusive.ts'
import { refusedByFirewall } from './refused-firewall.ts'
import { refusedWrongAddress, refusedWrongFamily } from './refused-listener.ts'
import { refusedNoListener, refusedWrongNetns } from './refused-no-listener.ts'
import { refusedReset } from './refused-reset.ts'
import { resetAborted } from './reset-aborted.ts'
import { resetBacklogAbort } from './reset-backlog-abort.ts'
import { resetInjected } from './reset-injected.ts'
import { resetByPeer, resetByUs } from './reset-sender.ts'
import { resetUnreadData } from './reset-unread-data.ts'
import { stalledAcceptQueue } from './stalled-accept-queue.ts'
import { stalledNoServerSocket } from './stalled-no-server-socket.ts'
import { stalledPmtu } from './stalled-pmtu.ts'
import { stalledRetransmitting } from './stalled-retransmitting.ts'
import { stalledZeroWindow } from './stalled-zero-window.ts'
import { droppedIn, droppedOut } from './timeout-dropped.ts'
import { handshakeStuck, noAnswer } from './timeout-no-answer.ts'
import { acceptQueueFull, synQueueFull } from './timeout-queue.ts'
import { staleState } from './timeout-stale-state.ts'
import { unreachableByIcmp } from './unreachable-icmp.ts'
import { neighborMissing } from './unreachable-neighbor.ts'
import { noRouteBack, unreachableByRoute } from './unreachable-route.ts'

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
