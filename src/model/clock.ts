/** Time as Millrace counts it: milliseconds of a monotonic clock with an arbitrary origin. Tests hand in their own. */
export interface Clock {
  now(): number;
  /** Calls `task` once, `delayMs` from now (any size; the wait does not keep the process alive). Returns the cancel. */
  after(delayMs: number, task: () => void): () => void;
}

/** setTimeout's longest delay; a longer one would fire at once. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => performance.now(),
  after(delayMs, task) {
    let timer: NodeJS.Timeout;
    const arm = (leftMs: number) => {
      const stepMs = Math.min(leftMs, MAX_TIMEOUT_MS);
      timer = setTimeout(() => (leftMs > stepMs ? arm(leftMs - stepMs) : task()), stepMs);
      timer.unref();
    };
    arm(delayMs);
    return () => clearTimeout(timer);
  },
};
