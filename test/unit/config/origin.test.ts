import { describe, expect, it } from '@jest/globals';
import { describeOrigin, nameIn, type Origin } from '../../../src/config/origin.js';

const FILE: Origin = { kind: 'file', path: 'm.yaml' };

describe('nameIn', () => {
  it('is the name as it was written there', () => {
    const names = [{ kind: 'default' }, { kind: 'flag' }, { kind: 'environment' }, FILE] as const;
    expect(names.map((origin) => nameIn(origin, 'grpcPort'))).toEqual([
      '--grpc-port',
      '--grpc-port',
      'MILLRACE_GRPC_PORT',
      'grpcPort in m.yaml',
    ]);
  });
});

describe('describeOrigin', () => {
  it('says where to look', () => {
    const origins = [{ kind: 'default' }, { kind: 'flag' }, { kind: 'environment' }, FILE] as const;
    expect(origins.map((origin) => describeOrigin(origin, 'grpcPort'))).toEqual([
      'default',
      'flag --grpc-port',
      'environment MILLRACE_GRPC_PORT',
      'file m.yaml',
    ]);
  });
});
