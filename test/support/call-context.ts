import type { CallContext } from '../../src/model/call-context.js';
import { CancelSource } from '../../src/model/cancel-signal.js';

/** The context of an untraced call; without a deadline unless one is given. */
export function callContext({
  signal = new CancelSource(),
  deadline = Number.POSITIVE_INFINITY,
  span,
}: Partial<CallContext> = {}): CallContext {
  return { signal, deadline, span, target: undefined };
}
