import { HeaderField } from '../../src/http2/hpack/header-field.js';
import type { Stream, StreamListener } from '../../src/http2/stream.js';
import type { Dice } from './generated-calls.js';
import { endsStream, FRAME_TYPE, framesOf } from './h2-frames.js';
import { H2Rig } from './h2-rig.js';

const FAULT = new Error('a listener of the fuzz test throws');
const HEADERS = [new HeaderField(':status', '200', 'indexed'), new HeaderField('content-type', 'application/grpc', 'indexed')];
const TRAILERS = [new HeaderField('grpc-status', '0', 'indexed')];
const REFUSAL = [new HeaderField(':status', '415', 'indexed')];
const LARGEST_ANSWER = 20_000;
const HIGH_WATER = 16 * 1024;
/** No frame of ours is answered with more than so many bytes for each that it has: 26 for 9. */
const MAX_ECHO = 4;
/** Of an answer's frames: a window may let its bytes pass one at a time. */
const MAX_FRAMING = 10;
const ANSWER_HEADS = 200;
const FOR_THE_CONNECTION = 1024;

/** A request's listener that behaves in any way it may, and remembers whatever it should not have been told. */
class Witness implements StreamListener {
  readonly wrongs: string[] = [];
  answered = 0;
  #ends = 0;
  #resets = 0;
  #unconsumed = 0;
  #isFinished = false;
  readonly #stream: Stream;
  readonly #dice: Dice;

  constructor(stream: Stream, dice: Dice) {
    this.#stream = stream;
    this.#dice = dice;
  }

  onData(_bytes: Buffer, start: number, end: number): void {
    this.#assertOpen('data');
    if (end <= start) this.wrongs.push('data without a byte');
    this.#unconsumed += end - start;
    this.act();
  }

  onEnd(): void {
    this.#assertOpen('the end');
    this.#ends += 1;
    this.act();
    if (this.#dice.chance(0.5)) this.finish();
  }

  onReset(): void {
    if (!this.#stream.isOver) this.wrongs.push('a reset of a stream that is open');
    this.#resets += 1;
    if (this.#dice.chance(0.02)) throw FAULT;
  }

  onDrain(): void {
    if (this.#resets > 0) this.wrongs.push('room behind the reset');
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
    if (dice.chance(0.1)) return this.#stream.reset(8);
    this.answered += ANSWER_HEADS;
    if (dice.chance(0.2)) return this.#stream.respond(REFUSAL, true);
    this.#stream.respond(HEADERS);
    for (let left = dice.below(4); left > 0; left--) this.#send(dice.chance(0.05) ? dice.below(LARGEST_ANSWER) : dice.below(200));
    this.#stream.end(dice.chance(0.9) ? TRAILERS : []);
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
    this.#stream.send(Buffer.alloc(5), Buffer.alloc(bytes, 'a'));
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

/** What came of one sequence. */
export interface FuzzOutcome {
  readonly requests: number;
  /** Whether the server ended the connection for an error of its peer. */
  readonly hasFailed: boolean;
  readonly wrongs: readonly string[];
}

/** Sends a client's bytes into a connection, in chunks and with everything between them that can happen, up to the end of its socket. */
export async function fuzzConnection(dice: Dice, bytes: Buffer): Promise<FuzzOutcome> {
  const fuzzed = new FuzzedConnection(dice);
  await fuzzed.send(bytes);
  await fuzzed.end();
  return fuzzed.outcome(bytes.length);
}

class FuzzedConnection {
  readonly #dice: Dice;
  readonly #rig: H2Rig;
  readonly #witnesses: Witness[] = [];
  readonly #wrongs: string[] = [];

  constructor(dice: Dice) {
    this.#dice = dice;
    this.#rig = new H2Rig({
      maxConcurrentStreams: dice.pick([100, 100, 2]),
      maxHeaderListBytes: dice.pick([16 * 1024, 1024]),
      streamWindowBytes: dice.pick([65_535, 1000, 0]),
      connectionWindowBytes: dice.pick([0, 1024 * 1024]),
      highWaterBytes: HIGH_WATER,
      resets: { burst: dice.pick([1000, 3]), perSecond: 1 },
      controlFrames: { burst: dice.pick([1000, 1000, 6]), perSecond: 1 },
    });
    this.#rig.handle = ({ stream }) => {
      const witness = new Witness(stream, dice);
      this.#witnesses.push(witness);
      stream.listener = witness;
      if (dice.chance(0.5)) witness.act();
    };
  }

  async send(bytes: Buffer): Promise<void> {
    const dice = this.#dice;
    // Byte by byte only what is short: a long body would be most of the test.
    const largest = bytes.length < 1000 ? dice.pick([bytes.length, bytes.length, 300, 50, 9, 1]) : dice.pick([bytes.length, 2000, 300]);
    for (let at = 0; at < bytes.length && !this.#rig.socket.isDestroyed; ) {
      await this.#untilRead();
      const end = Math.min(bytes.length, at + 1 + dice.below(largest));
      this.#rig.receive(bytes.subarray(at, end));
      this.#assertHeldBound(end - at);
      at = end;
      if (dice.chance(largest < 100 ? 0.02 : 0.3)) await this.#happen();
    }
    if (dice.chance(0.5)) await this.#happen();
  }

  /** However it ends, it ends with the socket. */
  async end(): Promise<void> {
    const { socket, connection } = this.#rig;
    const ending = this.#dice.pick(['half-close', 'error', 'destroy', 'silence', 'close']);
    if (ending === 'half-close') socket.emit('end');
    if (ending === 'error') socket.emit('error', new Error('the line is cut'));
    if (ending === 'destroy') connection.destroy();
    if (ending === 'silence') for (let left = 8; left > 0; left--) this.#pass(30_000);
    if (ending === 'silence' && !socket.isDestroyed) this.#wrongs.push('a silent peer is waited for');
    socket.destroy();
    for (const witness of this.#witnesses) if (this.#dice.chance(0.3)) witness.finish();
    await turn();
  }

  outcome(inputBytes: number): FuzzOutcome {
    const { connection, socket, closed, leaving, errors, clock } = this.#rig;
    const wrongs = [...this.#wrongs, ...this.#witnesses.flatMap((witness) => witness.verdict())];
    const written = socket.take();
    const answered = this.#witnesses.reduce((sum, witness) => sum + witness.answered, 0);
    if (connection.openStreams !== 0) wrongs.push(`${connection.openStreams} open streams`);
    if (closed !== 1) wrongs.push(`closed ${closed} times`);
    if (leaving > 1) wrongs.push(`leaving ${leaving} times`);
    if (clock.pending !== 0) wrongs.push(`${clock.pending} timers`);
    if (errors.some((error) => error !== FAULT)) wrongs.push(`an internal error: ${String(errors.find((error) => error !== FAULT))}`);
    if (written.length > FOR_THE_CONNECTION + MAX_ECHO * inputBytes + answered) wrongs.push(`${written.length} bytes written`);
    const { hasFailed, mistakes } = readOutput(written);
    return { requests: this.#witnesses.length, hasFailed, wrongs: [...wrongs, ...mistakes] };
  }

  /** Whoever reads nothing is sent no more than so much. */
  #assertHeldBound(chunkBytes: number): void {
    const bound = HIGH_WATER + LARGEST_ANSWER + FOR_THE_CONNECTION + MAX_ECHO * chunkBytes + ANSWER_HEADS * this.#witnesses.length;
    if (this.#rig.socket.writableLength > bound) this.#wrongs.push(`${this.#rig.socket.writableLength} bytes held`);
  }

  /** A paused socket brings nothing until the other end has read. */
  async #untilRead(): Promise<void> {
    const { socket } = this.#rig;
    for (let turns = 0; socket.isPaused && !socket.isDestroyed; turns++) {
      if (turns === 100) {
        this.#wrongs.push('the socket stays paused');
        return;
      }
      await turn();
      socket.drain();
    }
  }

  async #happen(): Promise<void> {
    const dice = this.#dice;
    const { socket, connection } = this.#rig;
    if (dice.chance(0.5)) await turn();
    if (dice.chance(0.2)) socket.isHeld = !socket.isHeld;
    if (dice.chance(0.2)) socket.drain();
    if (dice.chance(0.2)) this.#pass(dice.pick([100, 1000, 15_000]));
    if (dice.chance(0.02)) this.#retire();
    if (dice.chance(0.03)) connection.maxConcurrentStreams = dice.pick([0, 1, 5, 100]);
    const witness = this.#witnesses[dice.below(this.#witnesses.length)];
    if (dice.chance(0.5)) witness?.finish();
  }

  #retire(): void {
    this.#rig.connection.retire();
  }

  #pass(ms: number): void {
    this.#rig.clock.advance(ms);
    this.#rig.connection.tick();
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Whether a server's bytes are whole frames, none behind the last of its stream or of the connection. */
function readOutput(written: Buffer): { readonly hasFailed: boolean; readonly mistakes: string[] } {
  const mistakes: string[] = [];
  const ended = new Set<number>();
  let hasFailed = false;
  let length = 0;
  for (const frame of framesOf(written)) {
    length += 9 + frame.payload.length;
    if (hasFailed) mistakes.push(`type ${frame.type} behind the last GOAWAY`);
    if (ended.has(frame.streamId) && frame.type !== FRAME_TYPE.reset) mistakes.push(`type ${frame.type} behind the end of its stream`);
    if (endsStream(frame) || frame.type === FRAME_TYPE.reset) ended.add(frame.streamId);
    if (frame.type === FRAME_TYPE.goaway) hasFailed = frame.payload.readUInt32BE(4) !== 0;
  }
  if (length !== written.length) mistakes.push('half a frame');
  return { hasFailed, mistakes };
}
