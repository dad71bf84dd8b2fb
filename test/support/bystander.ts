import { RawClient } from './grpc-client.js';

/** Somebody on a connection of their own who calls, one call after the other, whatever others do to the server. */
export class Bystander implements AsyncDisposable {
  readonly #client: RawClient;
  readonly #calls: Promise<void>;
  #isDone = false;
  /** The statuses of the answers, but for the good ones; undefined for none at all. */
  readonly failures: (number | undefined)[] = [];
  answers = 0;

  static async beside(address: string, path: string): Promise<Bystander> {
    return new Bystander(await RawClient.connect(address), path);
  }

  private constructor(client: RawClient, path: string) {
    this.#client = client;
    this.#calls = this.#callOn(path);
  }

  /** One call more, with a body of `bytes`. */
  async status(path: string, bytes: number): Promise<number | undefined> {
    return (await this.#client.call(path, Buffer.alloc(bytes))).status;
  }

  /** Ends once the present call has. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isDone = true;
    await this.#calls;
    await this.#client[Symbol.asyncDispose]();
  }

  async #callOn(path: string): Promise<void> {
    while (!this.#isDone) {
      const { status } = await this.#client.call(path, 'hello');
      if (status === 0) this.answers += 1;
      else this.failures.push(status);
    }
  }
}
