import { describe, expect, it } from '@jest/globals';
import { formatMessage, formatResponse } from '../../../src/cli/format-response.js';
import { InferResponse, InferStreamResponse } from '../../../src/gen/millrace/v1/inference.js';

const OUTPUTS = [{ name: 'label', datatype: 'DATATYPE_INT64', shape: ['1'], ints: ['7'] }];
const TIMINGS = { queueUs: '210', assembleUs: '50', executeUs: '1300', batchSize: 1 };

describe('formatResponse', () => {
  it('shows the version that ran, the outputs and where the time went', () => {
    const response = InferResponse.fromJSON({ model: 'digits', version: '2', outputs: OUTPUTS, timings: TIMINGS });
    expect(formatResponse(response, 12.34)).toBe(
      [
        'digits version 2',
        '  label  INT64 [1]',
        '    7',
        '  queued 0.21 ms, assembled 0.05 ms, executed 1.30 ms in a batch of 1 row',
        '12.3 ms for the whole call',
        '',
      ].join('\n'),
    );
  });
});

describe('formatMessage', () => {
  it('says which rows a message answers and that it is the last', () => {
    const message = InferStreamResponse.fromJSON({ sequence: 2, rowOffset: 8, rowCount: 2, final: true, outputs: OUTPUTS });
    expect(formatMessage(message)).toMatch(/^message 2, rows 8 to 9, final\n {2}label/);
  });

  it('says why rows failed', () => {
    const message = InferStreamResponse.fromJSON({ rowOffset: 4, rowCount: 4, error: { code: 13, message: 'worker died' } });
    expect(formatMessage(message)).toBe('message 0, rows 4 to 7\n  failed: INTERNAL: worker died\n');
  });

  it('has no rows for a decoupled model', () => {
    expect(formatMessage(InferStreamResponse.fromJSON({ sequence: 3, final: true }))).toBe('message 3, final\n');
  });
});
