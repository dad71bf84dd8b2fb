import { describe, expect, it } from '@jest/globals';
import { Entry, type EntryOwner, type EntryResult, type Submission } from '../../../src/batching/entry.js';
import { ServingError } from '../../../src/error/serving-error.js';
import { CancelSource } from '../../../src/model/cancel-signal.js';
import { callContext } from '../../support/call-context.js';
import { CountedCancelSource } from '../../support/counted-cancel-source.js';
import { int32Rows } from '../../support/row-tensors.js';

const RESULT: EntryResult = { outputs: [], timings: { queueUs: 0, assembleUs: 0, executeUs: 0, batchSize: 1 } };
const FAILED = new ServingError('backend_failed', 'the run failed');
const GONE = new ServingError('cancelled', 'the caller has gone');

class RecordingOwner implements EntryOwner {
  readonly gone: Entry[] = [];

  abandoned(entry: Entry): void {
    this.gone.push(entry);
  }
}

function createEntry(signal = new CancelSource(), deadline = Number.POSITIVE_INFINITY): Entry {
  return new Entry({ inputs: [int32Rows([1, 2])], rows: 2, key: 'k' }, callContext({ signal, deadline }), 5);
}

describe('Entry', () => {
  it('carries what was submitted, and when', () => {
    const entry = createEntry(new CancelSource(), 70);
    expect(entry).toMatchObject({ rows: 2, key: 'k', enqueuedAt: 5, deadline: 70, state: 'waiting', span: undefined });
    expect(entry.inputs[0]?.shape).toEqual([2, 1]);
  });

  it('moves from waiting over running to settled, and never back', async () => {
    const entry = createEntry();
    entry.start();
    expect(entry.state).toBe('running');
    entry.resolve(RESULT);
    expect(entry.state).toBe('settled');
    entry.start();
    expect(entry.state).toBe('settled');
    await expect(entry.result).resolves.toBe(RESULT);
  });

  it('tells whoever submitted it that it has begun to run', () => {
    const submission: Submission = { inputs: [int32Rows([1])], rows: 1, key: '' };
    const entry = new Entry(submission, callContext(), 0);
    expect(submission.dispatched).toBeUndefined();
    entry.start();
    expect(submission.dispatched).toBe(true);
  });

  it('keeps its first settlement: a later failure is ignored', async () => {
    const entry = createEntry();
    entry.resolve(RESULT);
    entry.reject(FAILED);
    await expect(entry.result).resolves.toBe(RESULT);
  });

  it('keeps its first settlement: a later result is ignored', async () => {
    const entry = createEntry();
    entry.reject(FAILED);
    entry.resolve(RESULT);
    await expect(entry.result).rejects.toBe(FAILED);
  });

  it('rejects at once and tells its owner when the call is cancelled while waiting', async () => {
    const source = new CancelSource();
    const owner = new RecordingOwner();
    const entry = createEntry(source);
    entry.ownedBy(owner);
    source.cancel(GONE);
    expect(entry.state).toBe('settled');
    expect(owner.gone).toEqual([entry]);
    await expect(entry.result).rejects.toBe(GONE);
  });

  it('tells the owner of that moment only, when the call is cancelled while running', async () => {
    const source = new CancelSource();
    const [first, second] = [new RecordingOwner(), new RecordingOwner()];
    const entry = createEntry(source);
    entry.ownedBy(first);
    entry.start();
    entry.ownedBy(second);
    source.cancel(GONE);
    expect(first.gone).toEqual([]);
    expect(second.gone).toEqual([entry]);
    await expect(entry.result).rejects.toBe(GONE);
  });

  it('settles as soon as it is owned where the call was cancelled before', async () => {
    const source = new CancelSource();
    source.cancel(GONE);
    const owner = new RecordingOwner();
    const entry = createEntry(source);
    entry.ownedBy(owner);
    expect(entry.state).toBe('settled');
    expect(owner.gone).toEqual([entry]);
    await expect(entry.result).rejects.toBe(GONE);
  });

  it('tells its owner nothing when the call is cancelled after it has settled', () => {
    const source = new CancelSource();
    const owner = new RecordingOwner();
    const entry = createEntry(source);
    entry.ownedBy(owner);
    entry.resolve(RESULT);
    source.cancel(GONE);
    entry.onCancel(GONE);
    expect(owner.gone).toEqual([]);
  });

  it('listens to its call once, whoever owns it, and no longer once it is settled', () => {
    const source = new CountedCancelSource();
    const entry = createEntry(source);
    entry.ownedBy(new RecordingOwner());
    entry.ownedBy(new RecordingOwner());
    expect(source.listeners).toBe(1);
    entry.resolve(RESULT);
    expect(source.listeners).toBe(0);
  });

  it('is expired from its deadline on', () => {
    const entry = createEntry(new CancelSource(), 100);
    expect(entry.isExpired(99.9)).toBe(false);
    expect(entry.isExpired(100)).toBe(true);
  });

  it('never expires without a deadline', () => {
    expect(createEntry().isExpired(Number.MAX_SAFE_INTEGER)).toBe(false);
  });

  it('ends in deadline_exceeded when it is told to expire', async () => {
    const entry = createEntry();
    entry.expire();
    await expect(entry.result).rejects.toMatchObject({ code: 'deadline_exceeded' });
  });
});
