import { describe, expect, it } from '@jest/globals';
import { ServingError } from '../../../src/error/serving-error.js';
import { transition, type VersionEvent, type VersionState } from '../../../src/registry/state.js';

const error = new ServingError('load_failed', 'no file');
const servable = { name: 's' };

describe('transition', () => {
  it('leads a version through its whole life', () => {
    const events: VersionEvent<typeof servable>[] = [
      { kind: 'load' },
      { kind: 'loaded', servable },
      { kind: 'retire' },
      { kind: 'drained' },
      { kind: 'closed' },
    ];
    const states: VersionState<typeof servable>[] = [{ kind: 'new' }];
    for (const event of events) states.push(transition(states.at(-1) ?? { kind: 'new' }, event));
    expect(states).toEqual([
      { kind: 'new' },
      { kind: 'loading' },
      { kind: 'ready', servable },
      { kind: 'draining', servable },
      { kind: 'unloading' },
      { kind: 'gone' },
    ]);
  });

  it('keeps why and until when a version failed', () => {
    expect(transition({ kind: 'loading' }, { kind: 'fail', error })).toEqual({ kind: 'failed', error });
    expect(transition({ kind: 'loading' }, { kind: 'fail', error, retryAt: 5 })).toEqual({ kind: 'failed', error, retryAt: 5 });
  });

  it.each([
    ['new', { kind: 'new' }, 'gone'],
    ['loading', { kind: 'loading' }, 'unloading'],
    ['failed', { kind: 'failed', error }, 'gone'],
  ] as const)('gives up a version that is %s', (_, state, kind) => {
    expect(transition(state, { kind: 'retire' })).toEqual({ kind });
  });

  it('throws where the table has no such transition', () => {
    expect(() => transition({ kind: 'gone' }, { kind: 'load' })).toThrow(new RangeError('a version that is gone cannot load'));
    expect(() => transition({ kind: 'draining', servable }, { kind: 'retire' })).toThrow(RangeError);
  });
});
