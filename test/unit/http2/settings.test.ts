import { describe, expect, it } from '@jest/globals';
import { ERROR_CODE } from '../../../src/http2/error-code.js';
import { formatSettings, type PeerSettings, readSettings } from '../../../src/http2/settings.js';

function read(...entries: readonly (readonly [number, number])[]): PeerSettings {
  const bytes = Buffer.concat([Buffer.from('x'), formatSettings(entries), Buffer.from('x')]);
  return readSettings(bytes, 1, bytes.length - 1);
}

const NONE: PeerSettings = {
  headerTableSize: undefined,
  lowestHeaderTableSize: undefined,
  initialWindow: undefined,
  maxFrameBytes: undefined,
};

describe('readSettings', () => {
  it('reads what concerns a server', () => {
    expect(read()).toEqual(NONE);
    expect(read([1, 100], [4, 5], [5, 20_000])).toEqual({
      headerTableSize: 100,
      lowestHeaderTableSize: 100,
      initialWindow: 5,
      maxFrameBytes: 20_000,
    });
  });

  it('leaves out what does not, and what nobody knows', () => {
    expect(read([2, 0], [3, 7], [6, 100], [0x99, 2 ** 32 - 1])).toEqual(NONE);
  });

  it('takes the last of several, and the smallest of table sizes beside it', () => {
    expect(read([4, 1], [4, 2], [1, 50], [1, 10], [1, 4096])).toEqual({
      ...NONE,
      initialWindow: 2,
      headerTableSize: 4096,
      lowestHeaderTableSize: 10,
    });
  });

  it.each([
    [2, 2, ERROR_CODE.PROTOCOL_ERROR],
    [4, 2 ** 31, ERROR_CODE.FLOW_CONTROL_ERROR],
    [5, 16_383, ERROR_CODE.PROTOCOL_ERROR],
    [5, 2 ** 24, ERROR_CODE.PROTOCOL_ERROR],
  ])('refuses the setting %d of %d', (id, value, code) => {
    expect(() => read([id, value])).toThrow(expect.objectContaining({ code }));
  });

  it.each([
    [2, 0],
    [2, 1],
    [4, 2 ** 31 - 1],
    [4, 0],
    [5, 16_384],
    [5, 2 ** 24 - 1],
    [1, 2 ** 32 - 1],
  ])('takes the setting %d of %d', (id, value) => {
    expect(() => read([id, value])).not.toThrow();
  });

  it('refuses half a setting', () => {
    expect(() => readSettings(Buffer.alloc(7), 0, 7)).toThrow(expect.objectContaining({ code: ERROR_CODE.FRAME_SIZE_ERROR }));
  });
});
