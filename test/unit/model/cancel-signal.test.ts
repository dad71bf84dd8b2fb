import { describe, expect, it } from '@jest/globals';
import { ServingError } from '../../../src/error/serving-error.js';
import { type CancelListener, CancelSource } from '../../../src/model/cancel-signal.js';

const REASON = new ServingError('cancelled', 'the client has gone');

class Recorder implements CancelListener {
  readonly heard: ServingError[] = [];

  onCancel(reason: ServingError): void {
    this.heard.push(reason);
  }
}

describe('CancelSource', () => {
  it('tells its listeners once, at once', () => {
    const source = new CancelSource();
    const [a, b] = [new Recorder(), new Recorder()];
    source.subscribe(a);
    source.subscribe(b);
    source.cancel(REASON);
    source.cancel(new ServingError('deadline_exceeded', 'late'));
    expect([a.heard, b.heard, source.reason]).toEqual([[REASON], [REASON], REASON]);
  });

  it('tells who comes late', () => {
    const source = new CancelSource();
    source.cancel(REASON);
    const late = new Recorder();
    source.subscribe(late);
    expect(late.heard).toEqual([REASON]);
  });

  it('leaves alone who has unsubscribed', () => {
    const source = new CancelSource();
    const [gone, stranger] = [new Recorder(), new Recorder()];
    source.subscribe(gone);
    source.unsubscribe(gone);
    source.unsubscribe(stranger);
    source.cancel(REASON);
    expect(gone.heard).toEqual([]);
  });

  it('leaves alone who is unsubscribed by an earlier listener', () => {
    const source = new CancelSource();
    const second = new Recorder();
    source.subscribe({ onCancel: () => source.unsubscribe(second) });
    source.subscribe(second);
    source.cancel(REASON);
    expect(second.heard).toEqual([]);
  });

  it('has no reason before it is cancelled', () => {
    expect(new CancelSource().reason).toBeUndefined();
  });

  it('aborts the standard signal with the reason', () => {
    const source = new CancelSource();
    const { abortSignal } = source;
    expect(abortSignal.aborted).toBe(false);
    source.cancel(REASON);
    expect([abortSignal.aborted, abortSignal.reason]).toEqual([true, REASON]);
    expect(source.abortSignal).toBe(abortSignal);
  });

  it('makes an aborted standard signal after the fact', () => {
    const source = new CancelSource();
    source.cancel(REASON);
    expect([source.abortSignal.aborted, source.abortSignal.reason]).toEqual([true, REASON]);
  });
});
