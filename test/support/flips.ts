import { setImmediate as turn } from 'node:timers/promises';
import type { ServiceError } from '@grpc/grpc-js';
import { DynamicClient } from './dynamic-client.js';
import { infer, OIP } from './facades.js';
import { seededRandom } from './seeded-random.js';
import { StampedModel } from './stamped-models.js';
import { VersionLedger } from './version-ledger.js';

const SERVICE = 'inference.GRPCInferenceService';
const NOT_FOUND = 5;
const UNAVAILABLE = 14;
/** Versions of the steady model that lie on the disk at most. */
const KEPT = 3;

export interface FlipCounts {
  readonly flips: number;
  /** Of them, loads of a version that cannot be loaded, and those that were refused as they must be. */
  readonly broken: number;
  readonly refused: number;
  readonly answers: number;
  /** Calls that were refused, or failed, though they had to be answered. */
  readonly failed: readonly string[];
  /** Answers of a version that was not aspired at the time, or that do not have the number of the version that they name. */
  readonly wrong: readonly string[];
}

/** What is called and changed at once. */
interface Called {
  readonly model: StampedModel;
  readonly ledger: VersionLedger;
}

/**
 * Two models of an explicit server, under load: one that always has a version, which goes forward, back, is loaded anew, and sometimes meets a version that
 * cannot be loaded; and one that comes and goes. `repository` is the server's, and empty.
 */
export class Flips implements AsyncDisposable {
  readonly #control: DynamicClient;
  readonly #client: DynamicClient;
  readonly #steady: Called;
  readonly #fleeting: Called;
  readonly #random: () => number;
  readonly #failed: string[] = [];
  readonly #wrong: string[] = [];
  /** Of the steady model on the disk, ascending; the last one serves. */
  readonly #versions: number[] = [];
  #next = 1;
  #answers = 0;
  #flips = 0;
  #broken = 0;
  #refused = 0;
  #isOver = false;

  constructor(address: string, repository: string, seed = 7) {
    this.#control = new DynamicClient(address);
    this.#client = new DynamicClient(address);
    this.#steady = { model: new StampedModel(repository, 'steady'), ledger: new VersionLedger() };
    this.#fleeting = { model: new StampedModel(repository, 'fleeting'), ledger: new VersionLedger() };
    this.#random = seededRandom(seed);
  }

  /** Makes so many changes, one after another, while as many callers of each model call again and again. */
  async run(flips: number, callers: number): Promise<FlipCounts> {
    await this.#fleeting.model.add(1);
    await this.#forward();
    this.#steady.ledger.serve(performance.now());
    const calling = [this.#steady, this.#fleeting].flatMap((called) => Array.from({ length: callers }, () => this.#call(called)));
    try {
      for (this.#flips = 0; this.#flips < flips; this.#flips++) await this.#flip();
    } finally {
      this.#isOver = true;
      await Promise.all(calling);
    }
    return {
      ...{ flips: this.#flips, broken: this.#broken, refused: this.#refused, answers: this.#answers },
      ...{ failed: this.#failed, wrong: this.#wrong },
    };
  }

  async #flip(): Promise<void> {
    const choice = this.#random();
    if (choice < 0.35) await this.#forward();
    else if (choice < 0.5) await this.#back();
    else if (choice < 0.6) await this.#load(this.#steady);
    else if (choice < 0.75) await this.#breakDown();
    else await this.#comeAndGo();
  }

  async #forward(): Promise<void> {
    const { model, ledger } = this.#steady;
    const version = this.#next++;
    const before = this.#versions.at(-1);
    await model.add(version);
    this.#versions.push(version);
    ledger.aspire(version, performance.now());
    await this.#load(this.#steady);
    if (before !== undefined) ledger.retire(before, performance.now());
    const [oldest] = this.#versions;
    if (this.#versions.length > KEPT && oldest !== undefined) {
      this.#versions.shift();
      await model.remove(oldest);
    }
  }

  /** The version before is the newest again. */
  async #back(): Promise<void> {
    const { model, ledger } = this.#steady;
    const [before, newest] = this.#versions.slice(-2);
    if (before === undefined || newest === undefined) return this.#forward();
    this.#versions.pop();
    await model.remove(newest);
    ledger.aspire(before, performance.now());
    await this.#load(this.#steady);
    ledger.retire(newest, performance.now());
  }

  /** A version that cannot be loaded leaves the one before. */
  async #breakDown(): Promise<void> {
    const version = this.#next++;
    this.#broken += 1;
    await this.#steady.model.addBroken(version);
    await this.#load(this.#steady).then(
      () => this.#failed.push(`version ${version} was loaded, and it is broken`),
      () => {
        this.#refused += 1;
      },
    );
    await this.#steady.model.remove(version);
  }

  async #comeAndGo(): Promise<void> {
    const { ledger, model } = this.#fleeting;
    ledger.aspire(1, performance.now());
    await this.#load(this.#fleeting);
    ledger.serve(performance.now());
    await this.#ask(this.#fleeting, 1);
    ledger.cease(performance.now());
    await this.#control.unary(`${SERVICE}/RepositoryModelUnload`, { model_name: model.name });
    ledger.retire(1, performance.now());
  }

  async #load({ model }: Called): Promise<void> {
    await this.#control.unary(`${SERVICE}/RepositoryModelLoad`, { model_name: model.name });
  }

  async #call(called: Called): Promise<void> {
    while (!this.#isOver) {
      await this.#ask(called, Math.floor(this.#random() * 1000));
      await turn();
    }
  }

  async #ask({ model: { name }, ledger }: Called, value: number): Promise<void> {
    const request = { model: name, inputs: [{ name: 'X', datatype: 'FP32' as const, shape: [1, 1], values: [value] }] };
    const sent = performance.now();
    try {
      const { version, outputs } = await infer(this.#client, OIP, request, 'raw');
      const stamp = Number(outputs[0]?.values[0]) - value;
      this.#answers += 1;
      if (String(stamp) !== version) this.#wrong.push(`${name}: version ${version} answered as ${stamp}`);
      if (!ledger.mayAnswer(stamp, sent, performance.now())) this.#wrong.push(`${name}: version ${stamp} answered, and was not aspired`);
    } catch (error) {
      const { code, details }: { readonly code: number; readonly details: string } = error as ServiceError;
      const isLegal = (code === NOT_FOUND || code === UNAVAILABLE) && !ledger.mustAnswer(sent, performance.now());
      if (!isLegal) this.#failed.push(`${name}: ${code} ${details}`);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client[Symbol.asyncDispose]();
    await this.#control[Symbol.asyncDispose]();
  }
}
