import { describe, expect, it } from '@jest/globals';
import { answerForeignFlag, answerForeignKey } from '../../../src/config/foreign-option.js';

describe('answerForeignFlag', () => {
  it("has the counterpart of an option of Triton's server", () => {
    expect(answerForeignFlag('--metrics-port')).toBe("--metrics-port is an option of Triton's server: use --admin-port");
  });

  it('knows what a later version brings', () => {
    expect(answerForeignFlag('--repository-poll-secs')).toBe('--repository-poll-secs is not in this version');
    expect(answerForeignFlag('--state-dir')).toBe('--state-dir is not in this version');
  });

  it('leaves what nobody knows to others', () => {
    expect(answerForeignFlag('--frobnicate')).toBeUndefined();
    expect(answerForeignFlag('--to-string')).toBeUndefined();
  });
});

describe('answerForeignKey', () => {
  it('answers variables and YAML keys alike', () => {
    expect(answerForeignKey('MILLRACE_HTTP_PORT', 'MILLRACE_HTTP_PORT')).toMatch(
      /^MILLRACE_HTTP_PORT is an option of Triton's server: .*gRPC/,
    );
    expect(answerForeignKey('modelStore', 'modelStore in m.yaml')).toMatch(/^modelStore in m\.yaml is .*use --model-repository$/);
    expect(answerForeignKey('dashboard', 'dashboard in m.yaml')).toBe('dashboard in m.yaml is not in this version');
  });
});
