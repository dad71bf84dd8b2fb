/** One line of the server's log. */
export interface LogLine {
  readonly level: string;
  readonly event: string;
  readonly [field: string]: unknown;
}

/** Collects a server's JSON lines, in whatever pieces they come; what is none is kept as `noise`. */
export class LogBook {
  readonly lines: LogLine[] = [];
  readonly noise: string[] = [];
  #rest = '';

  write(text: string): void {
    const parts = (this.#rest + text).split('\n');
    this.#rest = parts.pop() ?? '';
    for (const part of parts) this.#read(part);
  }

  all(event: string): LogLine[] {
    return this.lines.filter((line) => line.event === event);
  }

  first(event: string): LogLine | undefined {
    return this.lines.find((line) => line.event === event);
  }

  toString(): string {
    return [...this.lines.map((line) => JSON.stringify(line)), ...this.noise].join('\n');
  }

  #read(text: string): void {
    const line = parseLine(text);
    if (line !== undefined) this.lines.push(line);
    else if (text !== '') this.noise.push(text);
  }
}

function parseLine(text: string): LogLine | undefined {
  try {
    const line: unknown = JSON.parse(text);
    return isLogLine(line) ? line : undefined;
  } catch {
    return undefined;
  }
}

function isLogLine(line: unknown): line is LogLine {
  return typeof line === 'object' && line !== null && 'event' in line && 'level' in line;
}
