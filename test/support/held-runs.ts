import { BroadcastChannel } from 'node:worker_threads';
import { eventually } from './eventually.js';

/** Name of the channel between a test and the workers of test/fixtures/held-worker.ts. */
export const HELD_RUNS = 'millrace-held-runs';

/** The one input of a run. */
export interface HeldRun {
  readonly shape: readonly number[];
  readonly values: readonly number[];
}

/** The runs of held workers, each of which lasts until the test lets it go. One at a time in a process. */
export class HeldRuns implements Disposable {
  readonly seen: HeldRun[] = [];
  readonly #channel = new BroadcastChannel(HELD_RUNS);
  #releasing = false;

  constructor() {
    this.#channel.onmessage = ({ data }) => {
      this.seen.push(JSON.parse(String(data)) as HeldRun);
      if (this.#releasing) this.release();
    };
  }

  /** Waits until as many runs have begun. */
  async begun(count: number): Promise<void> {
    await eventually(`${count} runs have begun`, () => this.seen.length >= count);
  }

  /** Ends the run that is under way. */
  release(): void {
    this.#channel.postMessage('');
  }

  /** Ends the run that is under way, and later ones as they come. */
  releaseAll(): void {
    this.#releasing = true;
    this.release();
  }

  [Symbol.dispose](): void {
    this.#channel.close();
  }
}
