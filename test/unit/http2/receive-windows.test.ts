import { describe, expect, it } from '@jest/globals';
import { ERROR_CODE } from '../../../src/http2/error-code.js';
import { FrameWriter } from '../../../src/http2/frame-writer.js';
import { Output } from '../../../src/http2/output.js';
import { type ReceiveLimits, ReceiveWindows } from '../../../src/http2/receive-windows.js';
import { Stream, type StreamHost } from '../../../src/http2/stream.js';
import { FakeSocket } from '../../support/fake-socket.js';
import { framesOf } from '../../support/h2-frames.js';

const NO_HOST = {} as StreamHost;

function rig(limits: Partial<ReceiveLimits> = {}) {
  const socket = new FakeSocket();
  const output = new Output(socket.asSocket(), 1, () => undefined);
  const windows = new ReceiveWindows(
    { streamWindowBytes: 100, connectionWindowBytes: 0, maxStreamWindowBytes: 1000, ...limits },
    new FrameWriter(output),
  );
  /** Stream and increment of each WINDOW_UPDATE since the last time. */
  const updates = () => {
    output.flush();
    return framesOf(socket.take()).map(({ streamId, payload }) => [streamId, payload.readUInt32BE()]);
  };
  return { windows, updates, stream: new Stream(1, NO_HOST, 0, 100, undefined) };
}

describe('ReceiveWindows of a connection', () => {
  it.each([
    [0, []],
    [65_535, []],
    [65_536, [[0, 1]]],
    [1_000_000, [[0, 934_465]]],
  ])('with %d bytes opens by %j', (connectionWindowBytes, expected) => {
    const { windows, updates } = rig({ connectionWindowBytes });
    windows.open();
    expect(updates()).toEqual(expected);
  });

  it('lets in what it has, and not a byte more', () => {
    const { windows } = rig({ connectionWindowBytes: 70_000 });
    windows.open();
    windows.take(70_000);
    expect(() => windows.take(1)).toThrow(expect.objectContaining({ code: ERROR_CODE.FLOW_CONTROL_ERROR }));
    windows.take(0);
  });

  it('gives back by halves', () => {
    const { windows, updates } = rig();
    windows.take(30_000);
    windows.giveBack(30_000);
    expect(updates()).toEqual([]);
    windows.take(2768);
    windows.giveBack(2768);
    expect(updates()).toEqual([[0, 32_768]]);
  });

  it('gives back all there is while others hold the rest', () => {
    const { windows, updates } = rig();
    windows.take(65_000);
    windows.take(535);
    windows.giveBack(535);
    expect(updates()).toEqual([[0, 535]]);
    windows.giveBack(0);
    expect(updates()).toEqual([]);
  });

  it('gives back what it has kept once the rest is taken', () => {
    const { windows, updates } = rig();
    windows.take(20_000);
    windows.giveBack(20_000);
    expect(updates()).toEqual([]);
    windows.take(30_000);
    expect(updates()).toEqual([[0, 20_000]]);
    windows.take(35_535);
    expect(() => windows.take(1)).toThrow(expect.objectContaining({ code: ERROR_CODE.FLOW_CONTROL_ERROR }));
  });
});

describe('ReceiveWindows of a stream', () => {
  it('lets in what it has', () => {
    const { windows, stream } = rig();
    expect([windows.takeOf(stream, 60), windows.takeOf(stream, 41), windows.takeOf(stream, 40), windows.takeOf(stream, 1)]).toEqual([
      true,
      false,
      true,
      false,
    ]);
  });

  it('gives back by halves', () => {
    const { windows, stream, updates } = rig();
    windows.takeOf(stream, 100);
    windows.giveBackOf(stream, 0);
    expect(updates()).toEqual([]);
    windows.giveBackOf(stream, 20);
    expect(updates()).toEqual([[1, 20]]);
    windows.giveBackOf(stream, 15);
    expect([updates(), stream.unannounced]).toEqual([[], 15]);
    windows.giveBackOf(stream, 65);
    expect([updates(), stream.receiveWindow]).toEqual([[[1, 80]], 100]);
  });

  it.each(['remoteClosed', 'isOver'] as const)('gives back nothing to one that is %s', (state) => {
    const { windows, stream, updates } = rig();
    windows.takeOf(stream, 100);
    stream[state] = true;
    windows.giveBackOf(stream, 100);
    windows.expect(stream, 1000);
    expect(updates()).toEqual([]);
  });

  it('opens at once for what is expected, up to its limit', () => {
    const { windows, stream, updates } = rig();
    windows.expect(stream, 100);
    expect(updates()).toEqual([]);
    windows.expect(stream, 101);
    expect(updates()).toEqual([[1, 1]]);
    windows.expect(stream, 5000);
    expect([updates(), stream.receiveWindow]).toEqual([[[1, 899]], 1000]);
  });

  it('has no more than its own window left behind what was expected, which came at full speed', () => {
    const { windows, stream, updates } = rig();
    windows.expect(stream, 5000);
    expect(updates()).toEqual([[1, 900]]);
    for (let left = 5000; left > 0; left -= 100) {
      expect(stream.receiveWindow + stream.unannounced).toBe(Math.max(100, Math.min(1000, left + 100)));
      expect(windows.takeOf(stream, 100)).toBe(true);
      windows.giveBackOf(stream, 100);
    }
    expect([stream.receiveWindow + stream.unannounced, stream.surplus]).toEqual([100, 0]);
    windows.giveBackOf(stream, 1);
    expect(stream.receiveWindow + stream.unannounced).toBe(101);
  });

  it('lets nothing in below nothing, and gives back at once all that brings it above', () => {
    const { windows, stream, updates } = rig();
    stream.receiveWindow = -50;
    expect([windows.takeOf(stream, 1), windows.takeOf(stream, 0)]).toEqual([false, true]);
    windows.giveBackOf(stream, 49);
    expect(updates()).toEqual([]);
    windows.giveBackOf(stream, 1);
    expect([updates(), stream.receiveWindow]).toEqual([[[1, 50]], 0]);
  });

  it('counts what it has not given back yet to what is expected', () => {
    const { windows, stream, updates } = rig();
    windows.takeOf(stream, 40);
    windows.giveBackOf(stream, 40);
    windows.expect(stream, 100);
    expect(updates()).toEqual([]);
    windows.expect(stream, 150);
    expect([updates(), stream.receiveWindow, stream.unannounced]).toEqual([[[1, 90]], 150, 0]);
  });
});
