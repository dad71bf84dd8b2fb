import { ServingError } from '../error/serving-error.js';
import type { Clock } from '../model/clock.js';

/** Why `signal` was aborted, in our own words: a signal of a call or a drain carries a ServingError already. */
export function abortReason(signal: AbortSignal): ServingError {
  const reason: unknown = signal.reason;
  if (reason instanceof ServingError) return ServingError.from(reason);
  return new ServingError('cancelled', 'the call was cancelled', undefined, reason);
}

/** Resolves `delayMs` from now, or rejects with the signal's reason as soon as it aborts. */
export function delay(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.reject(abortReason(signal));
  return new Promise((resolve, reject) => {
    const onAbort = () => {
      cancelTimer();
      reject(abortReason(signal));
    };
    const cancelTimer = clock.after(delayMs, () => {
      signal.removeEventListener('abort', onAbort);
      resolve();
    });
    signal.addEventListener('abort', onAbort, { once: true });
  });
}

/** Settles as `work` does, or rejects with the signal's reason if that comes first; what `work` gives too late goes to `discard`. */
export function abortable<T>(work: Promise<T>, signal: AbortSignal, discard: (late: T) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(abortReason(signal));
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(
      (value) => {
        signal.removeEventListener('abort', onAbort);
        if (signal.aborted) discard(value);
        else resolve(value);
      },
      (error: unknown) => {
        signal.removeEventListener('abort', onAbort);
        reject(ServingError.from(error));
      },
    );
  });
}
