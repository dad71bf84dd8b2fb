/** A stream to print on. */
export interface Output {
  readonly isTTY: boolean;
  /** Width of the terminal; undefined where there is none. */
  readonly columns: number | undefined;
  write(text: string): unknown;
}

export type StopSignal = 'SIGTERM' | 'SIGINT';

/** The world as commands see it. */
export interface CliIo {
  readonly stdin: AsyncIterable<Uint8Array>;
  readonly stdout: Output;
  readonly stderr: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
  readFile(path: string): Promise<Buffer>;
  isDirectory(path: string): Promise<boolean>;
  /** Calls the handler for each SIGTERM and SIGINT until the returned function is called. */
  onSignal(handler: (signal: StopSignal) => void): () => void;
  /** Ends the process at once, whatever its threads are doing: for when exiting would wait for them, or abort. */
  kill(): void;
  /** Milliseconds of a monotonic clock. */
  now(): number;
}
