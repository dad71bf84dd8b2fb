import { describe, expect, it } from '@jest/globals';
import { ProgressLine } from '../../../src/cli/progress-line.js';
import { RecordingOutput } from '../../support/fake-io.js';

const CLEAR = '\r\u001b[2K';
const event = (settled: number, total = 2) => ({ model: 'digits', version: '1', state: 'ready', settled, total }) as const;

describe('ProgressLine', () => {
  it('overwrites itself and goes when all is loaded', () => {
    const output = new RecordingOutput(80);
    const progress = new ProgressLine(output);
    progress.update({ ...event(0), state: 'loading' });
    progress.update(event(1));
    progress.update(event(2));
    expect(output.text).toBe(`${CLEAR}0 of 2 models loaded; digits/1 loading${CLEAR}1 of 2 models loaded; digits/1 ready${CLEAR}`);
  });

  it('never fills the line, which then could not be overwritten', () => {
    const output = new RecordingOutput(20);
    new ProgressLine(output).update(event(1));
    expect(output.text).toBe(`${CLEAR}1 of 2 models loade`);
  });

  it('shows the whole line where the terminal does not know its width', () => {
    const output = new RecordingOutput(0);
    new ProgressLine(output).update(event(1));
    expect(output.text).toBe(`${CLEAR}1 of 2 models loaded; digits/1 ready`);
  });

  it('stays below other lines', () => {
    const output = new RecordingOutput(80);
    const progress = new ProgressLine(output);
    const log = progress.above(output);
    log.write('before\n');
    progress.update(event(1));
    log.write('during\n');
    progress.clear();
    progress.clear();
    log.write('after\n');
    const line = '1 of 2 models loaded; digits/1 ready';
    expect(output.text).toBe(`before\n${CLEAR}${line}${CLEAR}during\n${line}${CLEAR}after\n`);
  });
});
