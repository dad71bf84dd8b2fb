import { describe, expect, it } from '@jest/globals';
import { ERROR_CODE } from '../../../src/http2/error-code.js';
import {
  dataFrame,
  FRAME_TYPE,
  frameOf,
  headersFrame,
  priorityFrame,
  requestFields,
  resetFrame,
  windowUpdateFrame,
} from '../../support/h2-frames.js';
import { H2Rig, OK_HEADERS } from '../../support/h2-rig.js';

const NOTHING = new Uint8Array(0);

async function openRig(): Promise<H2Rig> {
  const rig = await H2Rig.greeted({ resets: { burst: 3, perSecond: 1 } });
  rig.receive(headersFrame(1, requestFields()));
  return rig;
}

describe('StreamFrames', () => {
  it('tells the listener of a reset, whatever its code is, and answers nothing', async () => {
    const rig = await openRig();
    rig.receive(resetFrame(1, 0xfedcba98));
    expect(rig.request().resets).toEqual([0xfedcba98]);
    rig.request().stream.respond(OK_HEADERS, true);
    expect([await rig.sent(), rig.connection.openStreams]).toEqual([[], 0]);
  });

  it('ends a connection that resets too many streams, and none that does so slowly', async () => {
    const rig = await openRig();
    for (let id = 1; id <= 5; id += 2) rig.receive(headersFrame(id + 2, requestFields()), resetFrame(id, 8));
    rig.clock.advance(1000);
    rig.receive(resetFrame(7, 8));
    expect(await rig.failure()).toBeUndefined();
    rig.receive(headersFrame(9, requestFields()), headersFrame(11, requestFields()), resetFrame(9, 8));
    expect((await rig.failure())?.code).toBe(ERROR_CODE.ENHANCE_YOUR_CALM);
    expect(rig.requests.map(({ resets }) => resets)).toEqual([[8], [8], [8], [8], [8], [8]]);
  });

  it('counts resets of streams that are over as well', async () => {
    const rig = await openRig();
    rig.receive(resetFrame(1, 8), resetFrame(1, 8), resetFrame(1, 8));
    expect(await rig.failure()).toBeUndefined();
    rig.receive(resetFrame(1, 8));
    expect((await rig.failure())?.code).toBe(ERROR_CODE.ENHANCE_YOUR_CALM);
  });

  it('counts what we have to reset', async () => {
    const rig = await openRig();
    rig.receive(priorityFrame(1, 1), priorityFrame(1, 1), priorityFrame(1, 1));
    expect(await rig.resets()).toEqual([
      [1, ERROR_CODE.PROTOCOL_ERROR],
      [1, ERROR_CODE.PROTOCOL_ERROR],
      [1, ERROR_CODE.PROTOCOL_ERROR],
    ]);
    rig.receive(frameOf(FRAME_TYPE.priority, 0, 1, Buffer.alloc(4)));
    expect((await rig.failure())?.code).toBe(ERROR_CODE.ENHANCE_YOUR_CALM);
    expect(rig.request().resets).toEqual([ERROR_CODE.PROTOCOL_ERROR]);
  });

  it('sends what a window was opened for, up to its end', async () => {
    const rig = await openRig();
    const { stream } = rig.request();
    stream.respond(OK_HEADERS);
    rig.receive(windowUpdateFrame(0, 100_000));
    stream.send(NOTHING, Buffer.alloc(65_600));
    expect(sizes(await rig.sent())).toBe(65_535);
    rig.receive(windowUpdateFrame(1, 60));
    expect([sizes(await rig.sent()), rig.request().drains]).toEqual([60, 0]);
    rig.receive(windowUpdateFrame(1, 6));
    expect([sizes(await rig.sent()), rig.request().drains]).toEqual([5, 1]);
  });

  it('drops what waits when the peer resets the stream', async () => {
    const rig = await openRig();
    const { stream } = rig.request();
    stream.respond(OK_HEADERS);
    stream.send(NOTHING, Buffer.alloc(65_536));
    stream.end(OK_HEADERS);
    await rig.sent();
    rig.receive(resetFrame(1, 8), windowUpdateFrame(0, 1000), windowUpdateFrame(1, 1000));
    expect([await rig.sent(), stream.isBacklogged, rig.request().drains]).toEqual([[], false, 0]);
  });

  it('makes nothing of a priority', async () => {
    const rig = await openRig();
    rig.receive(priorityFrame(1, 0), priorityFrame(1, 3), priorityFrame(9, 1), dataFrame(1, Buffer.from('a'), true));
    expect([await rig.sent(), rig.request().body, rig.request().ends]).toEqual([[], 'a', 1]);
  });
});

function sizes(frames: readonly { readonly type: number; readonly payload: Buffer }[]): number {
  return frames.filter(({ type }) => type === FRAME_TYPE.data).reduce((sum, { payload }) => sum + payload.length, 0);
}
