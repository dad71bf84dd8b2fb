import { describe, expect, it } from '@jest/globals';
import { ERROR_CODE } from '../../../src/http2/error-code.js';
import { HeaderField } from '../../../src/http2/hpack/header-field.js';
import { SETTING } from '../../../src/http2/settings.js';
import {
  FRAME_TYPE,
  frameOf,
  goawayFrame,
  headersFrame,
  pingAckFrame,
  pingFrame,
  priorityFrame,
  requestFields,
  settingsAckFrame,
  settingsFrame,
  windowUpdateFrame,
} from '../../support/h2-frames.js';
import { H2Rig, OK_HEADERS } from '../../support/h2-rig.js';

const NOTHING = new Uint8Array(0);

async function dataSizes(rig: H2Rig): Promise<number[]> {
  return (await rig.sent()).filter(({ type }) => type === FRAME_TYPE.data).map(({ payload }) => payload.length);
}

describe('ControlFrames', () => {
  it('answers every PING with its payload and every SETTINGS, in their order, between the frames of a large answer', async () => {
    const rig = await H2Rig.greeted();
    rig.receive(headersFrame(1, requestFields(), { endStream: true }), windowUpdateFrame(0, 1_000_000), windowUpdateFrame(1, 1_000_000));
    rig.request().stream.respond(OK_HEADERS);
    rig.request().stream.send(NOTHING, Buffer.alloc(200_000));
    for (let index = 0; index < 100; index++) rig.receive(pingFrame(`ping ${String(index).padStart(3, '0')}`), settingsFrame());
    const sent = [...(await rig.sent()), ...(await rig.sent()), ...(await rig.sent()), ...(await rig.sent())];
    const acks = sent.filter(({ type, flags }) => type !== FRAME_TYPE.data && type !== FRAME_TYPE.headers && (flags & 1) === 1);
    expect(acks.map(({ type, payload }) => (type === FRAME_TYPE.ping ? payload.toString() : 'settings'))).toEqual(
      Array.from({ length: 100 }, (_, index) => [`ping ${String(index).padStart(3, '0')}`, 'settings']).flat(),
    );
    expect(sent.reduce((sum, { type, payload }) => sum + (type === FRAME_TYPE.data ? payload.length : 0), 0)).toBe(200_000);
  });

  it('answers no acknowledgement', async () => {
    const rig = await H2Rig.greeted();
    rig.receive(pingAckFrame(Buffer.from('12345678')), settingsAckFrame(), pingAckFrame(Buffer.from('goodbye!')));
    expect([await rig.sent(), rig.leaving]).toEqual([[], 0]);
  });

  it('goes by the frame size of the peer from its acknowledgement on', async () => {
    const rig = await H2Rig.greeted();
    rig.receive(headersFrame(1, requestFields()), settingsFrame([SETTING.MAX_FRAME_SIZE, 30_000]));
    rig.request().stream.respond(OK_HEADERS);
    rig.request().stream.send(NOTHING, Buffer.alloc(40_000));
    expect(await dataSizes(rig)).toEqual([30_000, 10_000]);
  });

  it('takes from and gives to the windows of all streams what a setting changes, and those below nothing wait', async () => {
    const rig = await H2Rig.greeted();
    rig.receive(settingsFrame([SETTING.INITIAL_WINDOW_SIZE, 100]), headersFrame(1, requestFields()), headersFrame(3, requestFields()));
    for (const { stream } of rig.requests) {
      stream.respond(OK_HEADERS);
      stream.send(NOTHING, Buffer.alloc(stream.id === 1 ? 150 : 50));
    }
    expect(await dataSizes(rig)).toEqual([100, 50]);
    rig.receive(settingsFrame([SETTING.INITIAL_WINDOW_SIZE, 20]));
    expect(rig.requests.map(({ stream }) => stream.sendWindow)).toEqual([-80, -30]);
    rig.request(1).stream.send(NOTHING, Buffer.alloc(10));
    rig.receive(windowUpdateFrame(1, 80), windowUpdateFrame(3, 30));
    expect(await dataSizes(rig)).toEqual([]);
    rig.receive(settingsFrame([SETTING.INITIAL_WINDOW_SIZE, 20]));
    expect(await dataSizes(rig)).toEqual([]);
    rig.receive(windowUpdateFrame(1, 1), settingsFrame([SETTING.INITIAL_WINDOW_SIZE, 25]));
    expect(await dataSizes(rig)).toEqual([1, 5, 5]);
    rig.receive(headersFrame(5, requestFields()));
    expect(rig.request(2).stream.sendWindow).toBe(25);
  });

  it('tells the header table of what the peer has made of it', async () => {
    const rig = await H2Rig.greeted();
    rig.receive(settingsFrame([SETTING.HEADER_TABLE_SIZE, 0], [SETTING.HEADER_TABLE_SIZE, 100]), headersFrame(1, requestFields()));
    rig.request().stream.respond([new HeaderField(':status', '200')]);
    const headers = (await rig.sent()).find(({ type }) => type === FRAME_TYPE.headers);
    // To 0 first, then to 100; then the status.
    expect(headers?.payload.toString('hex')).toBe('203f4588');
  });

  it('opens the window of the connection for all that wait', async () => {
    const rig = await H2Rig.greeted();
    rig.receive(headersFrame(1, requestFields()), headersFrame(3, requestFields()), windowUpdateFrame(3, 5));
    rig.request(0).stream.send(NOTHING, Buffer.alloc(65_535));
    rig.request(1).stream.send(NOTHING, Buffer.alloc(8));
    expect((await dataSizes(rig)).reduce((sum, size) => sum + size, 0)).toBe(65_535);
    rig.receive(windowUpdateFrame(0, 5));
    expect(await dataSizes(rig)).toEqual([5]);
    rig.receive(windowUpdateFrame(0, 2 ** 31 - 1));
    expect([await dataSizes(rig), rig.request(1).drains]).toEqual([[3], 1]);
  });

  it('keeps the streams that there are when the peer goes away', async () => {
    const rig = await H2Rig.greeted();
    rig.receive(headersFrame(1, requestFields(), { endStream: true }), goawayFrame(0, 0));
    rig.request().stream.respond(OK_HEADERS, true);
    expect((await rig.sent()).map(({ type }) => type)).toEqual([FRAME_TYPE.headers]);
    expect(rig.request().resets).toEqual([]);
  });

  it.each([
    ['PING', pingFrame()],
    ['acknowledgements of PING', pingAckFrame(Buffer.alloc(8))],
    ['SETTINGS', settingsFrame()],
    ['acknowledgements of SETTINGS', settingsAckFrame()],
    ['PRIORITY', priorityFrame(1, 3)],
    ['WINDOW_UPDATE of a stream', windowUpdateFrame(1, 1)],
    ['WINDOW_UPDATE', windowUpdateFrame(0, 1)],
    ['GOAWAY', goawayFrame(0, 0)],
    ['unknown frames', frameOf(0x77, 0, 0, Buffer.alloc(0))],
  ])('ends a connection that sends too many %s, and none that sends them slowly', async (_what, frame) => {
    // The first SETTINGS is one of them.
    const rig = await H2Rig.greeted({ controlFrames: { burst: 5, perSecond: 4 } });
    rig.receive(headersFrame(1, requestFields()), frame, frame, frame, frame);
    rig.clock.advance(500);
    rig.receive(frame, frame);
    expect(await rig.failure()).toBeUndefined();
    rig.receive(frame);
    expect((await rig.failure())?.code).toBe(ERROR_CODE.ENHANCE_YOUR_CALM);
    expect(rig.request().resets).toEqual([ERROR_CODE.CANCEL]);
  });

  it('takes three frames of its peer for each that it sent as answers to it, and no more', async () => {
    const rig = await H2Rig.greeted({ controlFrames: { burst: 2, perSecond: 1 } });
    rig.receive(headersFrame(1, requestFields()));
    const answers = [windowUpdateFrame(0, 1), windowUpdateFrame(1, 1), pingFrame()];
    rig.request().stream.respond(OK_HEADERS);
    rig.receive(...answers);
    for (let message = 0; message < 100; message++) {
      rig.request().stream.send(NOTHING, Buffer.alloc(100));
      rig.receive(...answers);
    }
    rig.receive(pingFrame());
    expect(await rig.failure()).toBeUndefined();
    rig.receive(windowUpdateFrame(0, 1));
    expect((await rig.failure())?.code).toBe(ERROR_CODE.ENHANCE_YOUR_CALM);
  });

  it('takes windows that let an answer pass by single bytes for no answers', async () => {
    const rig = await H2Rig.greeted({ controlFrames: { burst: 10, perSecond: 1 } });
    rig.receive(settingsFrame([SETTING.INITIAL_WINDOW_SIZE, 0]), headersFrame(1, requestFields()));
    rig.request().stream.send(NOTHING, Buffer.alloc(100));
    for (let byte = 0; byte < 8; byte++) rig.receive(windowUpdateFrame(1, 1));
    expect(await dataSizes(rig)).toEqual([1, 1, 1, 1, 1, 1, 1, 1]);
    rig.receive(windowUpdateFrame(1, 1));
    expect((await rig.failure())?.code).toBe(ERROR_CODE.ENHANCE_YOUR_CALM);
  });

  it('has a change of many windows cost as much as it does', async () => {
    const rig = await H2Rig.greeted({ controlFrames: { burst: 11, perSecond: 1 } });
    for (let id = 1; id <= 63; id += 2) rig.receive(headersFrame(id, requestFields()));
    const change = settingsFrame([SETTING.INITIAL_WINDOW_SIZE, 1000]);
    // 32 streams: three each.
    rig.receive(change, change, change);
    expect(await rig.failure()).toBeUndefined();
    rig.receive(change);
    expect((await rig.failure())?.code).toBe(ERROR_CODE.ENHANCE_YOUR_CALM);
  });
});
