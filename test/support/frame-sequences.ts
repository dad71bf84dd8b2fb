import { damaged, generateBlock, noise } from './generated-blocks.js';
import type { Dice } from './generated-calls.js';
import {
  continuationFrame,
  dataFrame,
  type Field,
  FRAME_TYPE,
  frameOf,
  goawayFrame,
  headerBlock,
  headerBlockFrame,
  paddedDataFrame,
  pingAckFrame,
  pingFrame,
  prefaceAndSettings,
  priorityFrame,
  requestFields,
  resetFrame,
  settingsAckFrame,
  settingsFrame,
  windowUpdateFrame,
} from './h2-frames.js';

const GRPC: readonly Field[] = [...requestFields('/test.Test/Echo'), ['content-type', 'application/grpc'], ['te', 'trailers']];
const REQUEST = headerBlock(GRPC);
/** POST, http, path, authority and content-type, of which the table has the last three; the last once more by its index. */
const INDEXED = Buffer.concat([
  Buffer.from([0x83, 0x86, 0x44, 3]),
  Buffer.from('/aB'),
  Buffer.from([0x41, 1, 0x61, 0x5f, 16]),
  Buffer.from('application/grpc'),
  Buffer.from([0xbe]),
]);
const REQUESTS = [
  REQUEST,
  INDEXED,
  REQUEST,
  headerBlock(requestFields()),
  headerBlock([...GRPC, ['content-length', '5']]),
  headerBlock([...GRPC, ['x-long', 'v'.repeat(1500)]]),
] as const;
const MALFORMED = [
  headerBlock(GRPC.slice(1)),
  headerBlock([...GRPC, [':path', '/']]),
  headerBlock([...GRPC, ['connection', 'close']]),
  headerBlock([...GRPC, ['Upper', 'x']]),
  headerBlock([...GRPC, ['content-length', '-1']]),
] as const;
const TRAILERS = [headerBlock([['x-checksum', '1']]), headerBlock([]), headerBlock([[':path', '/']])] as const;
const MANY_FRAMES = 150;
const INCREMENTS = [1, 10, 1000, 65_535] as const;
const BAD_INCREMENTS = [0, 2 ** 24, 2 ** 31 - 1] as const;
type Setting = readonly [id: number, value: number];
const SETTINGS: readonly [Setting, ...Setting[]] = [
  [0x1, 0],
  [0x1, 100],
  [0x1, 4096],
  [0x2, 0],
  [0x3, 0],
  [0x4, 0],
  [0x4, 1],
  [0x4, 100],
  [0x4, 65_535],
  [0x4, 2 ** 31 - 1],
  [0x5, 16_384],
  [0x5, 2 ** 24 - 1],
  [0x6, 10],
  [0xabc, 1],
];
const BAD_SETTINGS: readonly [Setting, ...Setting[]] = [
  [0x2, 7],
  [0x4, 2 ** 31],
  [0x5, 1],
];

/** What a client sends from its preface on, piece by piece: mostly what it may, with damage here and there. */
export function frameSequence(dice: Dice): Buffer[] {
  const frames = new FrameGrammar(dice);
  const pieces: Buffer[] = [];
  const spoilage = dice.pick([0.07, 0.07, 0]);
  for (let left = 1 + dice.below(dice.chance(0.02) ? MANY_FRAMES : 16); left > 0; left--) {
    const frame = frames.next();
    pieces.push(...(dice.chance(spoilage) ? spoiled(dice, frame) : [frame]));
  }
  if (dice.chance(0.1)) pieces.push(...pieces.splice(dice.below(pieces.length), 1));
  if (dice.chance(0.1)) pieces.push(cut(dice, pieces.pop() ?? REQUEST));
  return [preface(dice), ...pieces];
}

function preface(dice: Dice): Buffer {
  const whole = prefaceAndSettings();
  if (dice.chance(0.02)) return damaged(dice, whole);
  return dice.chance(0.3) ? Buffer.concat([whole, settings(dice)]) : whole;
}

function settings(dice: Dice): Buffer {
  return settingsFrame(
    ...Array.from({ length: 1 + dice.below(3) }, () => (dice.chance(0.02) ? dice.pick(BAD_SETTINGS) : dice.pick(SETTINGS))),
  );
}

function cut(dice: Dice, piece: Buffer): Buffer {
  return piece.subarray(0, dice.below(piece.length + 1));
}

function spoiled(dice: Dice, frame: Buffer): Buffer[] {
  const changed = Buffer.from(frame);
  switch (dice.pick(['flags', 'length', 'stream', 'type', 'bytes', 'cut', 'garbage', 'twice'] as const)) {
    case 'flags':
      changed.writeUInt8(dice.below(256), 4);
      return [changed];
    case 'length':
      changed.writeUIntBE(dice.pick([0, 1, 4, 5, 8, 100, 16_384, 16_385, 2 ** 24 - 1]), 0, 3);
      return [changed];
    case 'stream':
      changed.writeUInt32BE(dice.pick([0, 1, 2, 3, 5, 101, 2 ** 31 - 1, 2 ** 31 + 1]), 5);
      return [changed];
    case 'type':
      changed.writeUInt8(dice.below(12), 3);
      return [changed];
    case 'bytes':
      return [damaged(dice, changed)];
    case 'cut':
      return [cut(dice, changed)];
    case 'garbage':
      return [changed, noise(dice, 1 + dice.below(30))];
    case 'twice':
      return [changed, changed];
  }
}

/** Frames that fit those before them. */
class FrameGrammar {
  readonly #dice: Dice;
  #nextId = 1;
  /** Streams whose requests go on. */
  #ids: number[] = [];

  constructor(dice: Dice) {
    this.#dice = dice;
  }

  next(): Buffer {
    const dice = this.#dice;
    if (this.#ids.length === 0 ? dice.chance(0.7) : dice.chance(0.27)) return this.#request();
    const streamId = this.#ids[dice.below(this.#ids.length)];
    return streamId === undefined || dice.chance(0.5) ? this.#ofConnection() : this.#ofStream(streamId);
  }

  #request(): Buffer {
    const dice = this.#dice;
    const streamId = this.#nextId;
    this.#nextId += dice.chance(0.95) ? 2 : 4;
    const endStream = dice.chance(0.3);
    if (!endStream) this.#ids.push(streamId);
    const block = this.#block();
    const padding = dice.chance(0.1) && { padding: dice.below(20) };
    const dependency = dice.chance(0.1) && { dependency: dice.chance(0.9) ? 0 : streamId };
    const options = { endStream, ...padding, ...dependency };
    if (dice.chance(0.85)) return headerBlockFrame(streamId, block, options);
    const at = dice.below(block.length + 1);
    const parts = [headerBlockFrame(streamId, block.subarray(0, at), { ...options, endHeaders: false })];
    let rest = block.subarray(at);
    while (dice.chance(0.4)) {
      const length = dice.below(rest.length + 1);
      parts.push(continuationFrame(streamId, rest.subarray(0, length), false));
      rest = rest.subarray(length);
    }
    return Buffer.concat([...parts, continuationFrame(streamId, rest)]);
  }

  #block(): Buffer {
    const dice = this.#dice;
    if (dice.chance(0.92)) return dice.pick(REQUESTS);
    return dice.chance(0.6) ? dice.pick(MALFORMED) : Buffer.concat([REQUEST, generateBlock(dice, { maxTableSize: 4096, entries: 0 })]);
  }

  #ofStream(streamId: number): Buffer {
    const dice = this.#dice;
    const isLast = dice.chance(0.2);
    const kind = dice.pick(['data', 'data', 'data', 'padded', 'trailers', 'reset', 'window', 'window', 'priority'] as const);
    if (isLast || kind === 'trailers' || kind === 'reset') this.#ids = this.#ids.filter((id) => id !== streamId);
    switch (kind) {
      case 'data':
        return dataFrame(streamId, this.#body(), isLast);
      case 'padded':
        return paddedDataFrame(streamId, this.#body().subarray(0, 16_000), dice.below(50), isLast);
      case 'trailers':
        return headerBlockFrame(streamId, dice.pick(TRAILERS), { endStream: dice.chance(0.9) });
      case 'reset':
        return resetFrame(streamId, dice.below(16));
      case 'window':
        return windowUpdateFrame(streamId, this.#increment());
      case 'priority':
        return priorityFrame(streamId, dice.chance(0.9) ? 0 : streamId);
    }
  }

  #increment(): number {
    return this.#dice.pick(this.#dice.chance(0.97) ? INCREMENTS : BAD_INCREMENTS);
  }

  #body(): Buffer {
    const dice = this.#dice;
    return Buffer.alloc(dice.pick([5, dice.below(300), dice.chance(0.03) ? 16_384 : 0]), 'b');
  }

  #ofConnection(): Buffer {
    const dice = this.#dice;
    switch (dice.pick(['settings', 'settings', 'ack', 'ping', 'pong', 'goaway', 'window', 'window', 'unknown', 'rare'] as const)) {
      case 'settings':
        return settings(dice);
      case 'ack':
        return settingsAckFrame();
      case 'ping':
        return pingFrame(noise(dice, 8).toString('latin1'));
      case 'pong':
        return pingAckFrame(Buffer.from(dice.pick(['goodbye!', 'hello??!', '12345678'])));
      case 'goaway':
        return goawayFrame(dice.below(9), dice.below(14));
      case 'window':
        return windowUpdateFrame(0, this.#increment());
      case 'unknown':
        return frameOf(0xa + dice.below(200), dice.below(256), dice.below(9), noise(dice, dice.below(20)));
      case 'rare':
        return dice.chance(0.8) ? pingFrame() : this.#misplaced();
    }
  }

  /** Of any stream, idle, closed or none, and of streams that only a server has. */
  #misplaced(): Buffer {
    const streamId = this.#dice.below(9);
    return this.#dice.pick([
      frameOf(FRAME_TYPE.pushPromise, 0x4, streamId, Buffer.alloc(4)),
      continuationFrame(streamId, Buffer.alloc(0)),
      dataFrame(streamId, Buffer.alloc(3), false),
      resetFrame(streamId, 8),
      windowUpdateFrame(streamId, 1),
      priorityFrame(streamId, 3),
      headerBlockFrame(streamId, REQUEST),
    ]);
  }
}
