import { describe, expect, it } from '@jest/globals';
import { ERROR_CODE } from '../../../src/http2/error-code.js';
import {
  dataFrame,
  type Field,
  FRAME_TYPE,
  headersFrame,
  paddedDataFrame,
  requestFields,
  settingsAckFrame,
} from '../../support/h2-frames.js';
import { H2Rig } from '../../support/h2-rig.js';

const bytes = (length: number) => Buffer.alloc(length, 'x');

async function openRig(limits: Parameters<typeof H2Rig.greeted>[0] = {}, ...more: readonly Field[]): Promise<H2Rig> {
  const rig = await H2Rig.greeted(limits);
  rig.receive(settingsAckFrame(), headersFrame(1, [...requestFields(), ...more]), headersFrame(3, requestFields()));
  return rig;
}

/** Stream and increment of each WINDOW_UPDATE since the last time. */
async function updates(rig: H2Rig): Promise<number[][]> {
  const frames = (await rig.sent()).filter(({ type }) => type === FRAME_TYPE.windowUpdate);
  return frames.map(({ streamId, payload }) => [streamId, payload.readUInt32BE()]);
}

describe('BodyReader', () => {
  it('passes on what comes, padding left out, and its end once', async () => {
    const rig = await openRig();
    rig.receive(
      dataFrame(1, Buffer.from('ab'), false),
      paddedDataFrame(1, Buffer.from('cd'), 200, false),
      dataFrame(3, Buffer.from('other'), true),
    );
    rig.receive(paddedDataFrame(1, Buffer.alloc(0), 5, false), dataFrame(1, Buffer.alloc(0), true));
    expect(rig.requests.map(({ body, ends, resets }) => [body, ends, resets])).toEqual([
      ['abcd', 1, []],
      ['other', 1, []],
    ]);
  });

  it('hands on what is there of a frame', async () => {
    const rig = await openRig();
    const frame = dataFrame(1, Buffer.from('abcdef'), true);
    rig.receive(frame.subarray(0, 12));
    expect([rig.request().body, rig.request().ends]).toEqual(['abc', 0]);
    rig.receive(frame.subarray(12));
    expect([rig.request().body, rig.request().ends]).toEqual(['abcdef', 1]);
  });

  it.each([
    ['less', [dataFrame(1, bytes(4), true)]],
    ['more', [dataFrame(1, bytes(6), false)]],
    ['more in parts', [dataFrame(1, bytes(5), false), dataFrame(1, bytes(1), false)]],
    ['more at the end', [dataFrame(1, bytes(3), false), paddedDataFrame(1, bytes(3), 2, true)]],
    ['less before trailers', [dataFrame(1, bytes(4), false), headersFrame(1, [['a', 'b']], { endStream: true })]],
  ])('resets a body of %s than its content-length', async (_what, frames) => {
    const rig = await openRig({}, ['content-length', '5']);
    rig.receive(...frames);
    expect(await rig.resets()).toEqual([[1, ERROR_CODE.PROTOCOL_ERROR]]);
    expect([rig.request().ends, rig.request().resets, rig.connection.openStreams]).toEqual([0, [ERROR_CODE.PROTOCOL_ERROR], 1]);
  });

  it.each([
    ['in one frame', [dataFrame(1, bytes(5), true)]],
    ['in parts, padded', [paddedDataFrame(1, bytes(3), 9, false), dataFrame(1, bytes(2), false), dataFrame(1, bytes(0), true)]],
    ['before trailers', [dataFrame(1, bytes(5), false), headersFrame(1, [['a', 'b']], { endStream: true })]],
  ])('takes a body of its content-length %s', async (_what, frames) => {
    const rig = await openRig({}, ['content-length', '5']);
    rig.receive(...frames);
    expect([rig.request().bytes, rig.request().ends, rig.request().resets]).toEqual([5, 1, []]);
  });

  it('resets a stream that sends over its window, to the byte', async () => {
    const rig = await openRig({ streamWindowBytes: 100 });
    rig.request().consumes = false;
    rig.receive(dataFrame(1, bytes(60), false), dataFrame(1, bytes(40), false));
    expect(await rig.resets()).toEqual([]);
    rig.receive(dataFrame(1, bytes(1), true), dataFrame(3, bytes(100), true));
    expect(await rig.resets()).toEqual([[1, ERROR_CODE.FLOW_CONTROL_ERROR]]);
    expect(rig.requests.map(({ ends, resets, bytes: taken }) => [taken, ends, resets])).toEqual([
      [100, 0, [ERROR_CODE.FLOW_CONTROL_ERROR]],
      [100, 1, []],
    ]);
  });

  it('ends a connection that sends over its window', async () => {
    const rig = await openRig({ streamWindowBytes: 70_000 });
    for (const request of rig.requests) request.consumes = false;
    for (let frame = 0; frame < 4; frame++) rig.receive(dataFrame(frame < 2 ? 1 : 3, bytes(16_384), false));
    expect((await rig.failure())?.code).toBe(ERROR_CODE.FLOW_CONTROL_ERROR);
    expect(rig.requests.map(({ resets }) => resets)).toEqual([[ERROR_CODE.CANCEL], [ERROR_CODE.CANCEL]]);
  });

  it('counts padding against the windows, and gives it back itself', async () => {
    const rig = await openRig({ streamWindowBytes: 300 });
    rig.request().consumes = false;
    rig.receive(paddedDataFrame(1, bytes(44), 255, false));
    // One byte is left of the window; the padding and its length are 256.
    expect(await updates(rig)).toEqual([[1, 256]]);
    rig.request().stream.consume(44);
    rig.receive(dataFrame(1, bytes(256), false));
    expect([await rig.resets(), rig.request().resets]).toEqual([[], []]);
  });

  it('gives back to the connection what comes for streams that are over, or end while it comes', async () => {
    const rig = await openRig();
    rig.request(0).consumes = false;
    rig.request(0).stream.reset(ERROR_CODE.CANCEL);
    rig.receive(dataFrame(1, bytes(16_000), false), paddedDataFrame(1, bytes(380), 3, false));
    const frame = dataFrame(3, bytes(16_384), false);
    rig.request(1).consumes = false;
    rig.receive(frame.subarray(0, 9 + 100));
    rig.request(1).stream.consume(100);
    rig.request(1).stream.reset(ERROR_CODE.CANCEL);
    rig.receive(frame.subarray(9 + 100));
    // Half of the default window, as all of it was given back.
    expect(await updates(rig)).toEqual([[0, 32_768]]);
    expect(rig.requests.map(({ bytes: taken }) => taken)).toEqual([0, 100]);
  });

  it('takes DATA of streams that are over for nothing while it may be on its way, and no longer', async () => {
    const rig = await openRig({ streamWindowBytes: 20_000, controlFrames: { burst: 5, perSecond: 1 } });
    rig.request(0).consumes = false;
    rig.receive(dataFrame(1, bytes(10_000), false));
    rig.request(0).stream.reset(ERROR_CODE.CANCEL);
    // Of what the window was, half is left. Two of the allowance are gone: for SETTINGS and their acknowledgement.
    for (let frame = 0; frame < 1000; frame++) rig.receive(dataFrame(1, bytes(5), false));
    rig.receive(dataFrame(1, bytes(5_000), true));
    for (let frame = 0; frame < 3; frame++) rig.receive(dataFrame(1, bytes(1), false));
    expect(await rig.failure()).toBeUndefined();
    rig.receive(dataFrame(1, bytes(1), false));
    expect((await rig.failure())?.code).toBe(ERROR_CODE.ENHANCE_YOUR_CALM);
  });

  it('has empty DATA of streams that are over cost something, the last of them too', async () => {
    const rig = await openRig({ streamWindowBytes: 3, controlFrames: { burst: 3, perSecond: 1 } });
    rig.request(0).stream.reset(ERROR_CODE.CANCEL);
    for (let frame = 0; frame < 4; frame++) rig.receive(dataFrame(1, bytes(0), true));
    expect(await rig.failure()).toBeUndefined();
    rig.receive(dataFrame(1, bytes(0), true));
    expect((await rig.failure())?.code).toBe(ERROR_CODE.ENHANCE_YOUR_CALM);
  });

  it('goes on for ever with a stream that is consumed, and stops one that is not', async () => {
    const rig = await openRig();
    rig.request(1).consumes = false;
    rig.receive(dataFrame(3, bytes(16_384), false), dataFrame(3, bytes(16_384), false));
    for (let round = 0; round < 100; round++) rig.receive(dataFrame(1, bytes(16_000), false));
    expect([rig.request(0).bytes, rig.request(1).bytes]).toEqual([1_600_000, 32_768]);
    expect((await rig.sent()).some(({ type }) => type === FRAME_TYPE.goaway)).toBe(false);
  });

  it('ends a connection that sends nothing but padding and empty frames', async () => {
    const rig = await openRig({ controlFrames: { burst: 10, perSecond: 1 } });
    for (let frame = 0; frame < 4; frame++) rig.receive(dataFrame(1, bytes(0), false), paddedDataFrame(3, bytes(0), 5, false));
    expect(await rig.failure()).toBeUndefined();
    rig.receive(dataFrame(1, bytes(0), false), dataFrame(1, bytes(0), false));
    expect((await rig.failure())?.code).toBe(ERROR_CODE.ENHANCE_YOUR_CALM);
  });
});
