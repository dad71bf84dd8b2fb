import type { CliIo, Output, StopSignal } from '../../src/cli/io.js';

/** An output that keeps what was written. */
export class RecordingOutput implements Output {
  readonly isTTY: boolean;
  readonly columns: number | undefined;
  text = '';

  constructor(columns?: number) {
    this.isTTY = columns !== undefined;
    this.columns = columns;
  }

  write(text: string): void {
    this.text += text;
  }

  get lines(): string[] {
    return this.text.split('\n').filter((line) => line !== '');
  }
}

export interface FakeIoOptions {
  /** Contents by path; a path that ends in "/" is a directory. */
  readonly files?: Readonly<Record<string, string | Buffer>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  /** Width of the terminal that stderr is; undefined: none. */
  readonly columns?: number;
}

/** A world of its own for a command: files, environment, outputs, and signals at the test's command. */
export class FakeIo implements CliIo {
  readonly stdout = new RecordingOutput();
  readonly stderr: RecordingOutput;
  readonly env: Readonly<Record<string, string>>;
  readonly stdin: AsyncIterable<Uint8Array>;
  killed = false;
  readonly #files: Readonly<Record<string, string | Buffer>>;
  readonly #handlers = new Set<(signal: StopSignal) => void>();
  #now = 0;

  constructor({ files = {}, env = {}, stdin = '', columns }: FakeIoOptions = {}) {
    this.#files = files;
    this.env = env;
    this.stderr = new RecordingOutput(columns);
    this.stdin = {
      async *[Symbol.asyncIterator]() {
        yield Buffer.from(stdin.slice(0, 3));
        yield Buffer.from(stdin.slice(3));
      },
    };
  }

  readFile(path: string): Promise<Buffer> {
    const content = this.#files[path];
    if (content !== undefined) return Promise.resolve(Buffer.from(content));
    const text = `ENOENT: no such file or directory, open '${path}'`;
    return Promise.reject(Object.assign(new Error(text), { code: 'ENOENT', path }));
  }

  isDirectory(path: string): Promise<boolean> {
    return Promise.resolve(Object.hasOwn(this.#files, `${path}/`));
  }

  kill(): void {
    this.killed = true;
  }

  onSignal(handler: (signal: StopSignal) => void): () => void {
    this.#handlers.add(handler);
    return () => {
      this.#handlers.delete(handler);
    };
  }

  /** Handlers that are still there. */
  get handlers(): number {
    return this.#handlers.size;
  }

  signal(signal: StopSignal): void {
    for (const handler of this.#handlers) handler(signal);
  }

  /** 2.5 ms pass from one look to the next. */
  now(): number {
    this.#now += 2.5;
    return this.#now;
  }
}
