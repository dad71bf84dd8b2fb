import { HeaderField } from '../../src/http2/hpack/header-field.js';
import type { RequestHead } from '../../src/http2/request-head.js';
import type { Stream, StreamListener } from '../../src/http2/stream.js';
import type { Dice } from './generated-calls.js';

/** What a listener throws now and then. */
export const FAULT = new Error('a listener of the fuzz test throws');
const HEADERS = [new HeaderField(':status', '200', 'indexed'), new HeaderField('content-type', 'application/grpc', 'indexed')];
const TRAILERS = [new HeaderField('grpc-status', '0', 'indexed')];
const REFUSAL = [new HeaderField(':status', '415', 'indexed')];
/** Every header block that a witness sends, as text. */
export const SENT_BLOCKS: ReadonlySet<string> = new Set([HEADERS, TRAILERS, REFUSAL].map(textOf));
export const LARGEST_ANSWER = 70_000;
export const ANSWER_HEADS = 200;
/** Of an answer's frames: a window may let its bytes pass one at a time. */
const MAX_FRAMING = 10;
const CANCEL = 8;
/** What becomes of an answer's memory once it is written: it must not be seen at the other end. */
export const FREED = 0xbb;

/** A request's listener that behaves in any way it may, and remembers whatever it should not have been told. */
export class FuzzWitness implements StreamListener {
  readonly wrongs: string[] = [];
  /** All that it was told, in order. */
  readonly told: string[];
  answered = 0;
  #ends = 0;
  #resets = 0;
  #unconsumed = 0;
  #isFinished = false;
  #awaitsRoom = false;
  readonly #bodies: Buffer[] = [];
  readonly #stream: Stream;
  readonly #dice: Dice;

  constructor(stream: Stream, head: RequestHead | undefined, dice: Dice) {
    this.#stream = stream;
    this.#dice = dice;
    this.told = [
      `${stream.id}: ${head?.method} ${head?.scheme} ${head?.authority} ${head?.path} ${head?.contentLength} ${textOf(head?.fields ?? [])}`,
    ];
  }

  onData(bytes: Buffer, start: number, end: number): void {
    this.#assertOpen('data');
    if (end <= start) this.wrongs.push('data without a byte');
    this.told.push(bytes.toString('latin1', start, end));
    this.#unconsumed += end - start;
    this.act();
  }

  onEnd(): void {
    this.#assertOpen('the end');
    this.told.push('the end');
    this.#ends += 1;
    this.act();
    if (this.#dice.chance(0.5)) this.finish();
  }

  onReset(code: number): void {
    if (!this.#stream.isOver) this.wrongs.push('a reset of a stream that is open');
    this.told.push(`a reset, ${code}`);
    this.#resets += 1;
    this.#awaitsRoom = false;
    this.#free();
    if (this.#dice.chance(0.02)) throw FAULT;
  }

  onDrain(): void {
    if (this.#resets > 0) this.wrongs.push('room behind the reset');
    this.told.push('room');
    this.#awaitsRoom = false;
    if (this.#stream.isOver) this.#free();
    this.act();
  }

  /** Anything that may be done at any time, even too late. */
  act(): void {
    const dice = this.#dice;
    if (dice.chance(0.6)) this.#consume();
    if (dice.chance(0.02)) this.#stream.expect(dice.below(100_000));
    if (dice.chance(0.15)) this.finish();
    if (dice.chance(0.01)) throw FAULT;
  }

  finish(): void {
    const dice = this.#dice;
    if (this.#isFinished) return;
    this.#isFinished = !this.#stream.isOver;
    if (dice.chance(0.1)) return this.#stream.reset(CANCEL);
    this.answered += ANSWER_HEADS;
    if (dice.chance(0.2)) return this.#stream.respond(REFUSAL, true);
    this.#stream.respond(HEADERS);
    for (let left = dice.below(4); left > 0; left--) this.#send(dice.chance(0.03) ? dice.below(LARGEST_ANSWER) : dice.below(200));
    this.#awaitsRoom = this.#stream.isBacklogged;
    this.#stream.end(dice.chance(0.9) ? TRAILERS : []);
    if (this.#stream.isOver) this.#free();
  }

  get streamId(): number {
    return this.#stream.id;
  }

  /** Whether all of an answer that could be sent was sent, and it was told so. */
  get isDone(): boolean {
    return this.#stream.isOver && !this.#awaitsRoom;
  }

  /** Wants nothing any more and keeps nothing back. */
  quit(): void {
    this.#consume();
    if (this.#stream.isOver) return;
    this.#isFinished = true;
    this.#awaitsRoom = false;
    this.#stream.reset(CANCEL);
    this.#free();
  }

  /** What is wrong once the connection is closed. */
  verdict(): string[] {
    const { wrongs } = this;
    if (!this.#stream.isOver) wrongs.push('a stream that is not over');
    if (this.#ends > 1) wrongs.push(`${this.#ends} ends`);
    // Who has answered to the end is told nothing more, unless the answer could not all be sent.
    if (this.#resets > 1 || (this.#resets === 0 && !this.#isFinished)) wrongs.push(`${this.#resets} resets`);
    return wrongs;
  }

  #send(bytes: number): void {
    this.answered += ANSWER_HEADS + bytes * MAX_FRAMING;
    const body = Buffer.alloc(bytes, 'a');
    this.#bodies.push(body);
    this.#stream.send(Buffer.alloc(5), body);
  }

  #free(): void {
    const bodies = this.#bodies.splice(0);
    if (bodies.length > 0) this.#stream.afterWrite(() => bodies.forEach((body) => void body.fill(FREED)));
  }

  #consume(): void {
    const bytes = this.#unconsumed;
    this.#unconsumed = 0;
    this.#stream.consume(bytes);
  }

  #assertOpen(what: string): void {
    if (this.#stream.isOver || this.#resets > 0) this.wrongs.push(`${what} of a stream that is over`);
    if (this.#ends > 0) this.wrongs.push(`${what} behind the end`);
  }
}

export function textOf(fields: readonly HeaderField[]): string {
  return fields.map(({ name, value }) => `${name}=${value}`).join('|');
}
