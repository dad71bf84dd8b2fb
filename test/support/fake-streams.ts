import type { Execution } from '../../src/model/infer.js';
import type { Instances, StreamLease } from '../../src/serving/servable.js';
import { int32Rows } from './row-tensors.js';

export type Respond = StreamLease['stream'];

/** Instances that stream what `respond` says. Counts what is lent and notes, in order, what else is done to it. */
export class FakeStreams implements Instances {
  readonly #respond: Respond;
  readonly done: string[] = [];
  granted = 0;
  returned = 0;
  /** Runs before each loan. */
  beforeGrant: () => Promise<void> = () => Promise.resolve();

  constructor(respond: Respond) {
    this.#respond = respond;
  }

  get lent(): number {
    return this.granted - this.returned;
  }

  async acquire(): Promise<StreamLease> {
    await this.beforeGrant();
    this.granted += 1;
    return {
      instance: `fake-${this.granted}`,
      stream: this.#respond,
      [Symbol.asyncDispose]: () => {
        this.returned += 1;
        return Promise.resolve();
      },
    };
  }

  drain(): Promise<void> {
    this.done.push('drained');
    return Promise.resolve();
  }

  close(): Promise<void> {
    this.done.push('closed');
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** Responses of one INT32 each, as slow as the reader; notes how many were made and whether the stream was ended. */
export class CountedResponses {
  readonly #values: readonly number[];
  made = 0;
  ended = false;
  readonly respond: Respond = () => this.#respond();

  constructor(...values: readonly number[]) {
    this.#values = values;
  }

  async *#respond(): AsyncGenerator<Execution> {
    try {
      for (const value of this.#values) {
        this.made += 1;
        yield await Promise.resolve({ outputs: [int32Rows([value])], executeUs: 10 });
      }
    } finally {
      this.ended = true;
    }
  }
}
