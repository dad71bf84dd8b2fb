import type { LogDestination } from '../telemetry/logger.js';
import type { Output } from './io.js';
import type { LoadProgress } from './server-port.js';

const CLEAR = '\r\u001b[2K';
/** Some terminals say that they are 0 wide. */
const DEFAULT_COLUMNS = 80;

/** One line at the foot of the terminal that says how far the loading is; log lines scroll above it. */
export class ProgressLine {
  readonly #output: Output;
  #line = '';

  constructor(output: Output) {
    this.#output = output;
  }

  readonly update = ({ model, version, state, settled, total }: LoadProgress): void => {
    this.#line = settled === total ? '' : `${settled} of ${total} models loaded; ${model}/${version} ${state}`;
    this.#output.write(`${CLEAR}${this.#shown()}`);
  };

  clear(): void {
    if (this.#line === '') return;
    this.#line = '';
    this.#output.write(CLEAR);
  }

  /** For what else is written to the same terminal. */
  above(destination: LogDestination): LogDestination {
    return {
      write: (line) => {
        if (this.#line === '') return destination.write(line);
        return destination.write(`${CLEAR}${line}${this.#shown()}`);
      },
    };
  }

  /** A line that wraps could not be cleared. */
  #shown(): string {
    const columns = this.#output.columns ?? 0;
    return this.#line.slice(0, (columns > 0 ? columns : DEFAULT_COLUMNS) - 1);
  }
}
