import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

/** How soon one that was thrown out is back. */
const COMEBACK_MS = 100;

/** A connection that sends what it is told to. What comes is thrown away, or not read at all. */
export class Attacker implements Disposable {
  readonly socket: Socket;

  static async connect(address: string, isReading = true): Promise<Attacker> {
    const socket = connect({ port: Number(address.split(':').pop()), host: '127.0.0.1' });
    // Being thrown out is what attackers are there for.
    socket.on('error', () => undefined);
    await Promise.race([once(socket, 'connect'), once(socket, 'close')]);
    socket.setNoDelay(true);
    if (isReading) socket.resume();
    return new Attacker(socket);
  }

  private constructor(socket: Socket) {
    this.socket = socket;
  }

  get isOut(): boolean {
    return this.socket.destroyed || !this.socket.writable;
  }

  /** Resolves when there is room for more, or never will be, or `limitMs` are over. */
  async send(bytes: Buffer, limitMs = 250): Promise<void> {
    if (this.isOut || this.socket.write(bytes)) return;
    const room = new AbortController();
    const { signal } = room;
    await Promise.race([once(this.socket, 'drain', { signal }), once(this.socket, 'close', { signal }), pause(limitMs)]).catch(
      () => undefined,
    );
    room.abort();
  }

  [Symbol.dispose](): void {
    this.socket.resetAndDestroy();
  }
}

/** Attacks for so long on several connections at once, each of which comes back when it is thrown out. Returns how often that was. */
export async function persistently(
  connections: number,
  seconds: number,
  address: string,
  attack: (attacker: Attacker, isOver: () => boolean) => Promise<void>,
): Promise<number> {
  const end = performance.now() + seconds * 1000;
  const isOver = (): boolean => performance.now() >= end;
  let ended = 0;
  const run = async (): Promise<void> => {
    while (!isOver()) {
      using attacker = await Attacker.connect(address);
      await attack(attacker, () => isOver() || attacker.isOut);
      if (attacker.isOut) ended += 1;
      if (!isOver()) await pause(COMEBACK_MS);
    }
  };
  await Promise.all(Array.from({ length: connections }, run));
  return ended;
}
