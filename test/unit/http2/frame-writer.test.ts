import { describe, expect, it } from '@jest/globals';
import { FrameWriter } from '../../../src/http2/frame-writer.js';
import { Output } from '../../../src/http2/output.js';
import { FakeSocket } from '../../support/fake-socket.js';
import {
  framesOf,
  goawayFrame,
  pingFrame,
  readGoaway,
  resetFrame,
  settingsAckFrame,
  settingsFrame,
  windowUpdateFrame,
} from '../../support/h2-frames.js';

function written(write: (writer: FrameWriter) => void): Buffer {
  const socket = new FakeSocket();
  const output = new Output(socket.asSocket(), 1, () => undefined);
  write(new FrameWriter(output));
  output.flush();
  return socket.take();
}

describe('FrameWriter', () => {
  it.each([
    [
      'SETTINGS',
      settingsFrame([3, 100], [4, 2 ** 31 - 1]),
      (writer: FrameWriter) =>
        writer.settings([
          [3, 100],
          [4, 2 ** 31 - 1],
        ]),
    ],
    ['their acknowledgement', settingsAckFrame(), (writer: FrameWriter) => writer.settingsAck()],
    ['PING', pingFrame('abcdefgh'), (writer: FrameWriter) => writer.ping(Buffer.from('abcdefgh'))],
    ['RST_STREAM', resetFrame(7, 8), (writer: FrameWriter) => writer.reset(7, 8)],
    ['WINDOW_UPDATE', windowUpdateFrame(5, 2 ** 31 - 1), (writer: FrameWriter) => writer.windowUpdate(5, 2 ** 31 - 1)],
    ['GOAWAY', goawayFrame(9, 1), (writer: FrameWriter) => writer.goaway(9, 1, '')],
  ])('writes %s', (_name, frame, write) => {
    expect(written(write)).toEqual(frame);
  });

  it('answers a PING with its payload', () => {
    const [frame] = framesOf(written((writer) => writer.pingAck(Buffer.from('abcdefgh'))));
    expect(frame).toEqual({ type: 6, flags: 1, streamId: 0, payload: Buffer.from('abcdefgh') });
  });

  it('cuts the text of a GOAWAY', () => {
    const [frame] = framesOf(written((writer) => writer.goaway(3, 2, 'x'.repeat(1000))));
    expect(frame && readGoaway(frame)).toEqual({ lastStreamId: 3, code: 2, text: 'x'.repeat(200) });
  });
});
