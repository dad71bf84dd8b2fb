import type { Instance, OpenModel } from '../../src/backend/backend.js';
import type { Execution } from '../../src/model/infer.js';

/** An instance whose test says when it breaks. */
export class FakeInstance implements Instance {
  readonly id: string;
  broken: Error | undefined;
  readonly depth = 1;
  closes = 0;
  executions = 0;
  readonly #onClose: () => void;

  constructor(id: string, onClose: () => void) {
    this.id = id;
    this.#onClose = onClose;
  }

  execute(): Promise<Execution> {
    this.executions += 1;
    return Promise.resolve({ outputs: [], executeUs: 0 });
  }

  async *stream(): AsyncGenerator<Execution> {
    yield await this.execute();
  }

  close(): Promise<void> {
    this.closes += 1;
    this.#onClose();
    return Promise.resolve();
  }
}

/** A model whose instances cost nothing. `create` decides about the n-th creation, counted from 1. */
export class FakeOpenModel implements OpenModel {
  readonly signature = { inputs: [], outputs: [] };
  readonly slotsPerInstance: number;
  readonly made: FakeInstance[] = [];
  creations = 0;
  closed = 0;
  disposals = 0;
  create: (nth: number, signal: AbortSignal) => Promise<void> = () => Promise.resolve();

  constructor(slotsPerInstance = 1) {
    this.slotsPerInstance = slotsPerInstance;
  }

  get open(): FakeInstance[] {
    return this.made.filter(({ closes }) => closes === 0);
  }

  async createInstance(_spec: unknown, signal: AbortSignal): Promise<FakeInstance> {
    this.creations += 1;
    const nth = this.creations;
    await this.create(nth, signal);
    const instance = new FakeInstance(`m/1#${nth}`, () => {
      this.closed += 1;
    });
    this.made.push(instance);
    return instance;
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.disposals += 1;
    return Promise.resolve();
  }
}
