import { describe, expect, it } from '@jest/globals';
import { Output } from '../../../src/http2/output.js';
import { FakeSocket } from '../../support/fake-socket.js';

function rig(highWaterBytes = 20_000) {
  const socket = new FakeSocket();
  const seen = { rooms: 0 };
  const output = new Output(socket.asSocket(), highWaterBytes, () => {
    seen.rooms += 1;
  });
  return { socket, output, seen };
}

function put(output: Output, text: string): void {
  const target = output.room(text.length);
  target.write(text, output.at, 'latin1');
  output.at += text.length;
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('Output', () => {
  it('writes what one turn brings at once, at its end', async () => {
    const { socket, output } = rig();
    put(output, 'ab');
    output.append(Buffer.from('xcdx'), 1, 3);
    put(output, 'ef');
    expect(socket.writes).toBe(0);
    await turn();
    expect([socket.writes, socket.take().toString()]).toEqual([1, 'abcdef']);
    await turn();
    expect(socket.writes).toBe(1);
  });

  it('hands large pieces on where they lie, in their order', async () => {
    const { socket, output } = rig();
    const large = Buffer.alloc(10_000, 'L');
    put(output, 'a');
    output.append(large, 0, large.length);
    put(output, 'b');
    await turn();
    expect(socket.writes).toBe(3);
    expect(socket.take().toString()).toBe(`a${large.toString()}b`);
  });

  it('has room for what is larger than its pieces of memory', async () => {
    const { socket, output } = rig();
    const text = 'x'.repeat(100_000);
    put(output, 'a');
    put(output, text);
    put(output, 'b');
    await turn();
    expect(socket.take().toString()).toBe(`a${text}b`);
  });

  it('fills many pieces of memory', async () => {
    const { socket, output } = rig();
    const words = Array.from({ length: 20_000 }, (_, index) => `${index};`);
    for (const word of words) put(output, word);
    await turn();
    expect(socket.take().toString()).toBe(words.join(''));
  });

  it('uses no memory again that the socket still reads from', async () => {
    const { socket, output } = rig(1_000_000);
    socket.isHeld = true;
    const handed: Uint8Array[] = [];
    const write = socket.write.bind(socket);
    socket.write = (bytes: Uint8Array) => {
      handed.push(bytes);
      return write(bytes);
    };
    put(output, 'first');
    output.flush();
    put(output, 'other');
    output.flush();
    expect(handed.map((bytes) => Buffer.from(bytes).toString())).toEqual(['first', 'other']);
    await turn();
  });

  it('is full with what is queued, and has room when it is written', async () => {
    const { output, seen } = rig();
    expect(output.isFull).toBe(false);
    output.append(Buffer.alloc(20_000), 0, 19_999);
    expect(output.isFull).toBe(false);
    put(output, 'a');
    expect(output.isFull).toBe(true);
    await turn();
    expect([output.isFull, seen.rooms]).toEqual([false, 1]);
  });

  it('is full with what the socket holds, and has room when that is read', async () => {
    const { socket, output, seen } = rig();
    socket.isHeld = true;
    output.append(Buffer.alloc(20_000), 0, 20_000);
    await turn();
    expect([output.isFull, seen.rooms]).toEqual([true, 0]);
    socket.drain();
    expect([output.isFull, seen.rooms]).toEqual([false, 1]);
    socket.emit('drain');
    expect(seen.rooms).toBe(1);
  });

  it('says nothing of room to whom it never was full', async () => {
    const { socket, output, seen } = rig();
    output.append(Buffer.alloc(20_000), 0, 20_000);
    await turn();
    socket.emit('drain');
    expect(seen.rooms).toBe(0);
  });

  it("goes by the socket's mark where its own is lower, as the socket would not report", async () => {
    const { socket, output, seen } = rig(10);
    socket.isHeld = true;
    put(output, 'x'.repeat(1000));
    await turn();
    expect(output.isFull).toBe(false);
    put(output, 'x'.repeat(16_000));
    expect(output.isFull).toBe(true);
    await turn();
    socket.drain();
    expect(seen.rooms).toBe(1);
  });

  it('writes nothing once it is closed', async () => {
    const { socket, output, seen } = rig();
    output.append(Buffer.alloc(30_000), 0, 30_000);
    expect(output.isFull).toBe(true);
    output.close();
    put(output, 'a');
    output.append(Buffer.alloc(10_000), 0, 10_000);
    output.flush();
    socket.emit('drain');
    await turn();
    expect([socket.writes, seen.rooms]).toEqual([0, 0]);
  });

  it('tells when the system has taken what there is', async () => {
    const { socket, output } = rig();
    const told: string[] = [];
    put(output, 'a');
    output.afterWrite(() => told.push('first'));
    output.append(Buffer.alloc(10_000), 0, 10_000);
    output.afterWrite(() => told.push('second'));
    expect(told).toEqual([]);
    await turn();
    expect(told).toEqual(['first', 'second']);
    socket.isHeld = true;
    put(output, 'b');
    output.afterWrite(() => told.push('third'));
    await turn();
    put(output, 'c');
    await turn();
    expect(told).toHaveLength(2);
    socket.drain();
    expect(told).toEqual(['first', 'second', 'third']);
  });

  it('tells nobody once it is closed', async () => {
    const { output } = rig();
    let told = 0;
    const count = () => {
      told += 1;
    };
    put(output, 'a');
    output.afterWrite(count);
    output.close();
    output.afterWrite(count);
    output.flush();
    await turn();
    expect(told).toBe(0);
  });
});
