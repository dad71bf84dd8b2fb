import { describe, expect, it } from '@jest/globals';
import { ServingError } from '../../../../src/error/serving-error.js';
import { type Outlet, Sender } from '../../../../src/grpc/served/sender.js';
import { type CancelListener, CancelSource } from '../../../../src/model/cancel-signal.js';

class CountingSignal extends CancelSource {
  listeners = 0;

  override subscribe(listener: CancelListener): void {
    this.listeners += 1;
    super.subscribe(listener);
  }

  override unsubscribe(listener: CancelListener): void {
    this.listeners -= 1;
    super.unsubscribe(listener);
  }
}

/** A transport with room for `room` messages. */
class FakeOutlet implements Outlet {
  readonly signal = new CountingSignal();
  readonly #written: (() => void)[] = [];
  readonly #room: number;
  open = true;

  constructor(room: number) {
    this.#room = room;
  }

  get full(): boolean {
    return this.#written.length >= this.#room;
  }

  write(_message: Uint8Array, written: () => void): boolean {
    if (this.open) this.#written.push(written);
    return this.open;
  }

  flush(): void {
    this.#written.shift()?.();
  }
}

const MESSAGE = new Uint8Array(1);
const CANCELLED = new ServingError('cancelled', 'gone');

async function settled(promise: Promise<void>): Promise<boolean> {
  const pending = Symbol('pending');
  return (await Promise.race([promise, Promise.resolve(pending)])) !== pending;
}

describe('Sender', () => {
  it('does not make the writer wait while there is room', async () => {
    const sender = new Sender(new FakeOutlet(3));
    expect(await settled(sender.send(MESSAGE))).toBe(true);
    expect(await settled(sender.send(MESSAGE))).toBe(true);
  });

  it('makes it wait while the transport is full', async () => {
    const outlet = new FakeOutlet(1);
    const sender = new Sender(outlet);
    const sent = sender.send(MESSAGE);
    expect(await settled(sent)).toBe(false);
    outlet.flush();
    await sent;
  });

  it('lets writers that do not wait for one another go on together', async () => {
    const outlet = new FakeOutlet(1);
    const sender = new Sender(outlet);
    const sent = [sender.send(MESSAGE), sender.send(MESSAGE)];
    outlet.flush();
    outlet.flush();
    await Promise.all(sent);
  });

  it('rejects a waiting writer, and every later one, with the reason', async () => {
    const outlet = new FakeOutlet(1);
    const sender = new Sender(outlet);
    const sent = sender.send(MESSAGE);
    outlet.signal.cancel(CANCELLED);
    await expect(sent).rejects.toBe(CANCELLED);
    await expect(sender.send(MESSAGE)).rejects.toBe(CANCELLED);
  });

  it('leaves no listener behind', async () => {
    const outlet = new FakeOutlet(1);
    const sender = new Sender(outlet);
    for (let count = 0; count < 10; count += 1) {
      const sent = sender.send(MESSAGE);
      expect(outlet.signal.listeners).toBe(1);
      outlet.flush();
      await sent;
    }
    expect(outlet.signal.listeners).toBe(0);
  });

  it('refuses to write after the end of the call', async () => {
    const outlet = new FakeOutlet(1);
    outlet.open = false;
    await expect(new Sender(outlet).send(MESSAGE)).rejects.toThrow('after the end of the call');
  });
});
