import { status } from '@grpc/grpc-js';
import { describe, expect, it } from '@jest/globals';
import { statusName } from '../../../src/telemetry/status-name.js';

describe('statusName', () => {
  it("names every status code as grpc-js' own table does", () => {
    for (let code = 0; code <= 16; code++) expect(statusName(code)).toBe(status[code]);
  });

  it('takes a number that gRPC does not define for UNKNOWN', () => {
    for (const code of [-1, 17, 1.5, Number.NaN]) expect(statusName(code)).toBe('UNKNOWN');
  });
});
