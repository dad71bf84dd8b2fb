import { describe, expect, it } from '@jest/globals';
import { Incoming } from '../../../src/http2/incoming.js';
import { READ_BUFFER_BYTES } from '../../../src/http2/read-buffer.js';
import { FakeSocket } from '../../support/fake-socket.js';

const FULL = Buffer.alloc(READ_BUFFER_BYTES);
const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Takes at most `share` bytes at a time. */
function rig(share = Number.POSITIVE_INFINITY) {
  const socket = new FakeSocket();
  const seen: number[] = [];
  const heard: string[] = [];
  const incoming = new Incoming(socket.asSocket(), (bytes) => {
    const taken = Math.min(share, bytes.length);
    seen.push(taken);
    heard.push(bytes.toString('latin1', 0, Math.min(taken, 20)));
    return taken;
  });
  return { socket, seen, heard, incoming };
}

describe('Incoming', () => {
  it('hands on what comes', () => {
    const { socket, seen } = rig();
    socket.receive(Buffer.from('abc'));
    socket.receive(Buffer.from('d'));
    expect(seen).toEqual([3, 1]);
  });

  it('leaves the others their turn behind two full reads', async () => {
    const { socket, seen } = rig();
    socket.receive(FULL);
    expect(socket.isPaused).toBe(false);
    socket.receive(FULL);
    expect(socket.isPaused).toBe(true);
    await turn();
    expect(socket.isPaused).toBe(false);
    socket.receive(FULL);
    socket.receive(Buffer.from('the end of it'));
    socket.receive(FULL);
    expect([socket.isPaused, seen.length]).toEqual([false, 5]);
  });

  it('stays paused while it is told to, whatever the turns do', async () => {
    const { socket, incoming } = rig();
    incoming.pause();
    expect([socket.isPaused, incoming.isPaused]).toEqual([true, true]);
    socket.receive(FULL);
    socket.receive(FULL);
    await turn();
    expect(socket.isPaused).toBe(true);
    incoming.resume();
    expect([socket.isPaused, incoming.isPaused]).toEqual([false, false]);
  });

  it('goes on at its next turn where it is resumed before', async () => {
    const { socket, incoming } = rig();
    socket.receive(FULL);
    socket.receive(FULL);
    incoming.pause();
    incoming.resume();
    expect(socket.isPaused).toBe(true);
    await turn();
    expect(socket.isPaused).toBe(false);
  });

  it('offers what was not taken again, a share in each turn, and reads nothing meanwhile', async () => {
    const { socket, heard } = rig(4);
    socket.receive(Buffer.from('one two three'));
    expect([heard, socket.isPaused]).toEqual([['one '], true]);
    await turn();
    expect([heard, socket.isPaused]).toEqual([['one ', 'two '], true]);
    await turn();
    await turn();
    expect([heard, socket.isPaused]).toEqual([['one ', 'two ', 'thre', 'e'], false]);
  });

  it('keeps the order where more is handed on while some is left', async () => {
    const { socket, heard } = rig(4);
    socket.receive(Buffer.from('abcdef'));
    socket.receive(Buffer.from('gh'));
    await turn();
    expect([heard.join(''), socket.isPaused]).toEqual(['abcdefgh', false]);
  });

  it('keeps what is left while it is paused', async () => {
    const { socket, heard, incoming } = rig(4);
    socket.receive(Buffer.from('abcdef'));
    incoming.pause();
    await turn();
    expect(heard).toEqual(['abcd']);
    incoming.resume();
    expect([heard, socket.isPaused]).toEqual([['abcd'], true]);
    await turn();
    expect([heard, socket.isPaused]).toEqual([['abcd', 'ef'], false]);
  });
});
