import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ServingError } from '../../src/error/serving-error.js';
import { TRANSITIONS, transition, type VersionEvent, type VersionEventKind, type VersionState } from '../../src/registry/state.js';

const error = new ServingError('load_failed', 'no file');
const EVENTS: Record<VersionEventKind, VersionEvent<string>> = {
  load: { kind: 'load' },
  loaded: { kind: 'loaded', servable: 's' },
  retire: { kind: 'retire' },
  drained: { kind: 'drained' },
  closed: { kind: 'closed' },
  fail: { kind: 'fail', error },
};
const event = fc.constantFrom(...Object.values(EVENTS));
const ORDER = ['new', 'loading', 'ready', 'draining', 'unloading', 'failed', 'gone'];

/** Where the events lead that the table allows; the others are shown to throw. */
function walk(events: readonly VersionEvent<string>[]): VersionState<string>[] {
  const states: VersionState<string>[] = [{ kind: 'new' }];
  for (const next of events) {
    const state = states.at(-1) ?? { kind: 'new' };
    const row: Partial<Record<VersionEventKind, string>> = TRANSITIONS[state.kind];
    if (row[next.kind] === undefined) {
      expect(() => transition(state, next)).toThrow(RangeError);
      continue;
    }
    const reached = transition(state, next);
    expect(reached.kind).toBe(row[next.kind]);
    states.push(reached);
  }
  return states;
}

describe('transition', () => {
  it('follows the written table and nothing else', () => {
    fc.assert(fc.property(fc.array(event, { maxLength: 30 }), (events) => void walk(events)));
  });

  it('never leads back, so that no version loads twice', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 30 }), (events) => {
        const places = walk(events).map(({ kind }) => ORDER.indexOf(kind));
        expect(places).toEqual([...new Set(places)].sort((a, b) => a - b));
      }),
    );
  });

  it('holds a servable only while it is ready or draining', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 30 }), (events) => {
        for (const state of walk(events)) expect('servable' in state).toBe(state.kind === 'ready' || state.kind === 'draining');
      }),
    );
  });
});
