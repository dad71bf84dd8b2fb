import { turns } from './event-loop.js';
import { ClientLedger, ServerLedger } from './fuzz-ledger.js';
import { ANSWER_HEADS, FAULT, FuzzWitness, LARGEST_ANSWER } from './fuzz-witness.js';
import type { Dice } from './generated-calls.js';
import { settingsFrame, windowUpdateFrame } from './h2-frames.js';
import { H2Rig } from './h2-rig.js';
import { WindowProbe } from './window-probe.js';

const HIGH_WATER = 16 * 1024;
/** No frame of ours is answered with more than so many bytes for each that it has: 26 for 9. */
const MAX_ECHO = 4;
const FOR_THE_CONNECTION = 1024;
const PATIENCE_TURNS = 100;
const ROOM = 2 ** 20;
const INITIAL_WINDOW_SIZE = 0x4;
const MANY_CONTROL_FRAMES = 1000;

/** What came of one sequence. */
export interface FuzzOutcome {
  readonly requests: number;
  /** Whether the server ended the connection for an error of its peer. */
  readonly hasFailed: boolean;
  /** Whether all of the connection's window was found to be there in the end. */
  readonly isProbed: boolean;
  readonly wrongs: readonly string[];
  /** All that the listeners were told and all that was written. */
  readonly trace: readonly string[];
}

/** Sends a client's bytes into a connection, in chunks and with everything between them that can happen, up to the end of its socket. */
export async function fuzzConnection(dice: Dice, bytes: Buffer, litter: number): Promise<FuzzOutcome> {
  const fuzzed = new FuzzedConnection(dice, bytes, litter);
  await fuzzed.send();
  await fuzzed.probe();
  await fuzzed.end();
  return fuzzed.outcome();
}

class FuzzedConnection {
  readonly #dice: Dice;
  readonly #bytes: Buffer;
  readonly #rig: H2Rig;
  readonly #client: ClientLedger;
  readonly #server = new ServerLedger();
  readonly #connectionWindow: number;
  /** Towards control frames. */
  readonly #isGenerous: boolean;
  readonly #witnesses: FuzzWitness[] = [];
  readonly #wrongs: string[] = [];
  readonly #written: string[] = [];
  #isProbed = false;

  constructor(dice: Dice, bytes: Buffer, litter: number) {
    this.#dice = dice;
    this.#bytes = bytes;
    this.#client = new ClientLedger(bytes);
    this.#connectionWindow = dice.pick([0, 0, 0, 100_000, 100_000, dice.chance(0.2) ? 1024 * 1024 : 0]);
    this.#isGenerous = dice.chance(0.7);
    this.#rig = new H2Rig({
      maxConcurrentStreams: dice.pick([100, 100, 2]),
      maxHeaderListBytes: dice.pick([16 * 1024, 1024]),
      streamWindowBytes: dice.pick([65_535, 1000, 0]),
      connectionWindowBytes: this.#connectionWindow,
      highWaterBytes: HIGH_WATER,
      resets: { burst: dice.pick([1000, 3]), perSecond: 1 },
      controlFrames: { burst: this.#isGenerous ? MANY_CONTROL_FRAMES : 6, perSecond: 1 },
    });
    this.#rig.socket.litter = litter;
    this.#rig.handle = ({ stream, head }) => {
      const witness = new FuzzWitness(stream, head, dice);
      this.#witnesses.push(witness);
      stream.listener = witness;
      if (dice.chance(0.5)) witness.act();
    };
  }

  async send(): Promise<void> {
    const dice = this.#dice;
    const bytes = this.#bytes;
    // Byte by byte only what is short: a long body would be most of the test.
    const largest = bytes.length < 1000 ? dice.pick([bytes.length, bytes.length, 300, 50, 9, 1]) : dice.pick([bytes.length, 2000, 300]);
    for (let at = 0; at < bytes.length && !this.#rig.socket.isDestroyed; ) {
      await this.#untilRead();
      const end = Math.min(bytes.length, at + 1 + dice.below(largest));
      this.#rig.socket.receive(bytes.subarray(at, end));
      this.#assertHeldBound(end - at);
      at = end;
      if (dice.chance(largest < 100 ? 0.02 : 0.3)) await this.#happen();
    }
    if (dice.chance(0.5)) await this.#happen();
  }

  /** Where the connection is in good health, it must have all of its window once its streams are over. */
  async probe(): Promise<void> {
    const { socket, connection } = this.#rig;
    if (!this.#dice.chance(0.4) || socket.isDestroyed) return;
    socket.isHeld = false;
    await this.#untilRead();
    await this.#readAnswers();
    for (const witness of this.#witnesses) witness.quit();
    if (connection.openStreams !== 0) this.#wrongs.push(`${connection.openStreams} streams that nobody has`);
    await this.#listen();
    if (!WindowProbe.isPossible(this.#rig, this.#client, this.#server)) return;
    const probe = new WindowProbe(this.#rig, this.#client, this.#server, this.#connectionWindow);
    this.#rig.handle = ({ stream }) => probe.take(stream);
    await probe.run(connection);
    this.#wrongs.push(...probe.wrongs);
    this.#isProbed = true;
  }

  /** A client that makes room for all of it gets every answer to its end. */
  async #readAnswers(): Promise<void> {
    await this.#listen();
    if (!this.#isGenerous || !WindowProbe.isPossible(this.#rig, this.#client, this.#server)) return;
    for (const witness of this.#witnesses) witness.finish();
    await this.#listen();
    const room = Buffer.concat(this.#room());
    this.#client.send(room);
    this.#rig.socket.receive(room);
    const isDone = () => this.#witnesses.every((witness) => witness.isDone);
    for (let left = PATIENCE_TURNS; left > 0 && !isDone(); left--) await this.#listen();
    if (!isDone()) this.#wrongs.push('an answer that does not end, though there is room');
  }

  /** For all streams by a setting or for each by an update, and for the connection before or behind that. */
  #room(): Buffer[] {
    const dice = this.#dice;
    const updates = [0, ...this.#witnesses.map(({ streamId }) => streamId)]
      .filter((streamId) => this.#server.window(streamId, this.#client) < ROOM)
      .map((streamId) => windowUpdateFrame(streamId, ROOM));
    const frames = dice.chance(0.5) ? updates : [...updates.slice(0, 1), settingsFrame([INITIAL_WINDOW_SIZE, ROOM])];
    return dice.chance(0.5) ? frames : frames.reverse();
  }

  async #listen(): Promise<void> {
    await turns(1);
    this.#rig.socket.drain();
    this.#take();
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
    await turns(1);
  }

  outcome(): FuzzOutcome {
    const { connection, closed, leaving, errors, clock } = this.#rig;
    const wrongs = [...this.#wrongs, ...this.#witnesses.flatMap((witness) => witness.verdict())];
    this.#take();
    this.#server.end();
    if (connection.openStreams !== 0) wrongs.push(`${connection.openStreams} open streams`);
    if (closed !== 1) wrongs.push(`closed ${closed} times`);
    if (leaving > 1) wrongs.push(`leaving ${leaving} times`);
    if (clock.pending !== 0) wrongs.push(`${clock.pending} timers`);
    if (errors.some((error) => error !== FAULT)) wrongs.push(`an internal error: ${String(errors.find((error) => error !== FAULT))}`);
    return {
      requests: this.#witnesses.length,
      hasFailed: this.#server.hasFailed,
      isProbed: this.#isProbed,
      wrongs: [...wrongs, ...this.#server.mistakes],
      trace: [...this.#witnesses.flatMap(({ told }) => told), ...this.#written],
    };
  }

  /** Whoever reads nothing is sent no more than so much. */
  #assertHeldBound(chunkBytes: number): void {
    const bound = HIGH_WATER + LARGEST_ANSWER + FOR_THE_CONNECTION + MAX_ECHO * chunkBytes + ANSWER_HEADS * this.#witnesses.length;
    if (this.#rig.socket.writableLength > bound) this.#wrongs.push(`${this.#rig.socket.writableLength} bytes held`);
  }

  /** A paused socket brings nothing until the other end has read. */
  async #untilRead(): Promise<void> {
    const { socket } = this.#rig;
    for (let left = PATIENCE_TURNS; socket.isPaused && !socket.isDestroyed; left--) {
      if (left === 0) {
        this.#wrongs.push('the socket stays paused');
        return;
      }
      await turns(1);
      socket.drain();
    }
  }

  async #happen(): Promise<void> {
    const dice = this.#dice;
    const { socket, connection } = this.#rig;
    if (dice.chance(0.5)) await turns(1);
    if (dice.chance(0.2)) socket.isHeld = !socket.isHeld;
    if (dice.chance(0.2)) socket.drain();
    if (dice.chance(0.2)) this.#pass(dice.pick([100, 1000, 15_000]));
    if (dice.chance(0.02)) connection.retire();
    if (dice.chance(0.03)) connection.maxConcurrentStreams = dice.pick([0, 1, 5, 100]);
    const witness = this.#witnesses[dice.below(this.#witnesses.length)];
    if (dice.chance(0.5)) witness?.finish();
  }

  /** What was written since the last time. Never much more than was asked for. */
  #take(): void {
    const written = this.#rig.socket.take();
    const answered = this.#witnesses.reduce((sum, witness) => sum + witness.answered, 0);
    if (written.length > FOR_THE_CONNECTION + MAX_ECHO * this.#bytes.length + answered)
      this.#wrongs.push(`${written.length} bytes written`);
    this.#server.read(written, this.#client);
    this.#written.push(written.toString('latin1'));
  }

  #pass(ms: number): void {
    this.#rig.clock.advance(ms);
    this.#rig.connection.tick();
  }
}
