import { describe, expect, it } from '@jest/globals';
import { flagName, SERVE_OPTIONS } from '../../../src/config/options.js';
import { answerTritonFlag, TRITON_SYNONYMS } from '../../../src/config/triton-flags.js';

const FLAGS = [
  '--http-port',
  '--grpc-infer-allocation-pool-size',
  '--model-store',
  '--strict-model-config',
  '--allow-metrics',
  '--metrics-port',
  '--exit-on-error',
  '--log-verbose',
  '--grpc-use-ssl',
  '--trace-config',
  '--exit-timeout-secs',
  '--pinned-memory-pool-byte-size',
];

describe('answerTritonFlag', () => {
  it.each(FLAGS)('answers %s, naming only options that exist', (flag) => {
    const answer = answerTritonFlag(flag) ?? '';
    expect(answer).not.toBe('');
    const existing = Object.keys(SERVE_OPTIONS).map(flagName);
    for (const named of answer.match(/--[a-z-]+[a-z]/g) ?? []) expect(existing).toContain(named);
  });

  it.each(Object.entries(TRITON_SYNONYMS))('answers %s, a synonym, with what it stands for, where it is no flag', (flag, key) => {
    expect(answerTritonFlag(flag)).toBe(`use ${flagName(key)}`);
  });

  it('answers none that serve has under the same name', () => {
    for (const key of Object.keys(SERVE_OPTIONS)) expect(answerTritonFlag(flagName(key))).toBeUndefined();
    expect(answerTritonFlag('constructor')).toBeUndefined();
  });
});
