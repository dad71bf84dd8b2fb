import type { ErrorCode } from '../../src/http2/error-code.js';
import type { HeaderField } from '../../src/http2/hpack/header-field.js';
import { Stream, type StreamHost } from '../../src/http2/stream.js';

/** One stream without a connection: what is sent on it is noted, or held while the other side makes no room. */
export class FakeStreamHost implements StreamHost {
  readonly stream = new Stream(1, this, 0, 0, undefined);
  /** In their order: header blocks as text, messages with their prefix. */
  readonly sent: string[] = [];
  readonly resets: number[] = [];
  readonly expected: number[] = [];
  readonly errors: unknown[] = [];
  /** What is to be called once everything is written. */
  readonly afterWrites: (() => void)[] = [];
  consumedBytes = 0;
  givenBytes = 0;
  isHeld = false;

  /** DATA from the client, in one piece. */
  give(...parts: readonly Uint8Array[]): void {
    // Around it lies what belongs to others.
    const bytes = Buffer.concat([Buffer.from('before'), ...parts, Buffer.from('behind')]);
    this.givenBytes += bytes.length - 12;
    this.stream.tellData(bytes, 6, bytes.length - 6);
    // As the next read would.
    bytes.fill(0xaa);
  }

  end(): void {
    this.stream.remoteClosed = true;
    this.stream.tellEnd();
  }

  /** The client gives up, or its connection is gone. */
  drop(): void {
    this.#close();
    this.stream.tellReset(8);
  }

  /** The other side reads what was held. */
  release(): void {
    this.isHeld = false;
    const { backlog, trailers } = this.stream;
    if (backlog === undefined) return;
    this.sent.push(Buffer.concat(backlog).toString('latin1'));
    this.stream.backlog = undefined;
    if (trailers !== undefined) this.#end(trailers);
    this.stream.tellDrain();
  }

  writeHeaders(stream: Stream, fields: readonly HeaderField[], isLast: boolean): void {
    if (stream.isOver) return;
    this.sent.push(textOf(fields));
    if (isLast) this.#close();
  }

  writeData(stream: Stream, head: Uint8Array, body: Uint8Array): void {
    if (stream.isOver) return;
    if (this.isHeld) {
      stream.backlog ??= [];
      stream.backlog.push(head.slice(), body);
    } else this.sent.push(Buffer.concat([head, body]).toString('latin1'));
  }

  writeTrailers(stream: Stream, fields: readonly HeaderField[]): void {
    if (stream.isOver) return;
    if (stream.backlog === undefined) this.#end(fields);
    else stream.trailers = fields;
  }

  reset(stream: Stream, code: ErrorCode): void {
    if (stream.isOver) return;
    this.resets.push(code);
    this.#close();
  }

  consumed(_stream: Stream, bytes: number): void {
    this.consumedBytes += bytes;
  }

  expects(_stream: Stream, bytes: number): void {
    this.expected.push(bytes);
  }

  afterWrite(onWritten: () => void): void {
    this.afterWrites.push(onWritten);
  }

  failed(_stream: Stream, error: unknown): void {
    this.errors.push(error);
  }

  #end(fields: readonly HeaderField[]): void {
    this.sent.push(textOf(fields));
    this.#close();
  }

  #close(): void {
    this.stream.isOver = true;
    this.stream.backlog = undefined;
    this.stream.trailers = undefined;
  }
}

function textOf(fields: readonly HeaderField[]): string {
  return fields.map(({ name, value }) => `${name}: ${value}`).join('\n');
}
