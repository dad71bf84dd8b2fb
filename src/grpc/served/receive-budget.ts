/** One message of this size is in flight without waiting for the reader: above it, more did not help and less cost 2x CPU. */
export const STREAM_WINDOW_BYTES = 1024 * 1024;

/** Four streams at full speed. */
export const CONNECTION_WINDOW_BYTES = 4 * STREAM_WINDOW_BYTES;

/**
 * Shares out wide connection windows: what all clients together may have on the way to us, unread. A connection over the
 * budget keeps HTTP/2's default window of 64 KiB, which is slower and never wrong.
 */
export class ReceiveBudget {
  #freeBytes: number;

  constructor(budgetBytes: number) {
    this.#freeBytes = budgetBytes;
  }

  /** Bytes of window granted, or undefined where the default window has to do. What is granted must be given back. */
  take(): number | undefined {
    if (this.#freeBytes < CONNECTION_WINDOW_BYTES) return undefined;
    this.#freeBytes -= CONNECTION_WINDOW_BYTES;
    return CONNECTION_WINDOW_BYTES;
  }

  giveBack(bytes: number): void {
    this.#freeBytes += bytes;
  }
}
