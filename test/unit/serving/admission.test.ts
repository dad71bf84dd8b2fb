import { describe, expect, it } from '@jest/globals';
import { Admission, type AdmissionLimits, type Arrival, type ShedCause } from '../../../src/serving/admission.js';
import { ManualClock } from '../../support/manual-clock.js';

const CALL: Arrival = { admission: 'inference', deadline: Number.POSITIVE_INFINITY };
const OPEN_CALL: Arrival = { admission: 'open', deadline: Number.POSITIVE_INFINITY };

function createAdmission(limits: Partial<AdmissionLimits> = {}) {
  const clock = new ManualClock();
  const sheds: ShedCause[] = [];
  const admission = new Admission({ maxInflight: 2, maxQueuedBytes: 100, ...limits }, clock, (cause) => sheds.push(cause));
  return { admission, clock, sheds };
}

describe('Admission at the door', () => {
  it('lets calls in up to its limit and refuses the next as overloaded', () => {
    const { admission, sheds } = createAdmission();
    expect([admission.enter(CALL), admission.enter(CALL)]).toEqual([undefined, undefined]);
    const refused = admission.enter(CALL);
    expect(refused).toMatchObject({ code: 'overloaded', message: "2 calls are in flight, which is this server's limit" });
    expect(refused?.retryAfterMs).toBeGreaterThan(0);
    expect(admission.inflight).toBe(2);
    expect(sheds).toEqual(['inflight']);
  });

  it('has room again for each call that leaves, for exactly one', () => {
    const { admission } = createAdmission();
    admission.enter(CALL);
    admission.enter(CALL);
    admission.leave(CALL);
    expect(admission.inflight).toBe(1);
    expect(admission.enter(CALL)).toBeUndefined();
    expect(admission.enter(CALL)?.code).toBe('overloaded');
  });

  it('lets calls that do no inference in always, and does not count them', () => {
    const { admission } = createAdmission({ maxInflight: 1 });
    admission.enter(CALL);
    for (let call = 0; call < 5; call++) expect(admission.enter(OPEN_CALL)).toBeUndefined();
    expect(admission.inflight).toBe(1);
    for (let call = 0; call < 5; call++) admission.leave(OPEN_CALL);
    expect(admission.inflight).toBe(1);
  });

  it('refuses a call whose deadline has passed', () => {
    const { admission, clock, sheds } = createAdmission();
    clock.advance(50);
    expect(admission.enter({ ...CALL, deadline: 50 })?.code).toBe('deadline_exceeded');
    expect(admission.enter({ ...CALL, deadline: 50.1 })).toBeUndefined();
    expect(sheds).toEqual(['deadline']);
    expect(admission.inflight).toBe(1);
  });
});

describe('Admission.reserve', () => {
  it('gives bytes up to its limit and refuses what does not fit now as overloaded', () => {
    const { admission, sheds } = createAdmission();
    admission.reserve(60);
    admission.reserve(40);
    expect(() => admission.reserve(1)).toThrow(expect.objectContaining({ code: 'overloaded' }));
    expect(admission.queuedBytes).toBe(100);
    expect(sheds).toEqual(['queued_bytes']);
  });

  it('refuses what will never fit as too_large, without a retry hint', () => {
    const { admission, sheds } = createAdmission();
    let refused: unknown;
    try {
      admission.reserve(101);
    } catch (error) {
      refused = error;
    }
    expect(refused).toMatchObject({ code: 'too_large', retryAfterMs: undefined });
    expect(sheds).toEqual(['queued_bytes']);
  });

  it('takes the bytes back when the permit is disposed, once', () => {
    const { admission } = createAdmission();
    const [first, second] = [admission.reserve(60), admission.reserve(40)];
    first[Symbol.dispose]();
    first[Symbol.dispose]();
    expect(admission.queuedBytes).toBe(40);
    second[Symbol.dispose]();
    expect(admission.queuedBytes).toBe(0);
  });

  it('is scoped with using', () => {
    const { admission } = createAdmission();
    {
      using permit = admission.reserve(10);
      expect(permit.bytes).toBe(10);
      expect(admission.queuedBytes).toBe(10);
    }
    expect(admission.queuedBytes).toBe(0);
  });
});

describe('Admission.retryAfterMs', () => {
  /** Answers `count` calls evenly over a second. */
  function answerForASecond(admission: Admission, clock: ManualClock, count: number): void {
    for (let call = 0; call < count; call++) {
      admission.enter(CALL);
      clock.advance(1000 / count);
      admission.leave(CALL);
    }
  }

  it('is a second before anything was measured', () => {
    expect(createAdmission().admission.retryAfterMs()).toBe(1000);
  });

  it('is the time in which a tenth of the calls in flight will have been answered', () => {
    const { admission, clock } = createAdmission({ maxInflight: 400 });
    answerForASecond(admission, clock, 100);
    for (let call = 0; call < 400; call++) admission.enter(CALL);
    expect(admission.retryAfterMs()).toBe(400);
  });

  it('follows the rate of the last second, not that of all time', () => {
    const { admission, clock } = createAdmission({ maxInflight: 400 });
    answerForASecond(admission, clock, 100);
    answerForASecond(admission, clock, 50);
    for (let call = 0; call < 400; call++) admission.enter(CALL);
    expect(admission.retryAfterMs()).toBe(800);
  });

  it('is a millisecond at the least', () => {
    const { admission, clock } = createAdmission();
    answerForASecond(admission, clock, 500);
    admission.enter(CALL);
    expect(admission.retryAfterMs()).toBe(1);
  });

  it('is ten seconds at the most', () => {
    const { admission, clock } = createAdmission({ maxInflight: 1000 });
    admission.enter(CALL);
    clock.advance(60_000);
    admission.leave(CALL);
    for (let call = 0; call < 1000; call++) admission.enter(CALL);
    expect(admission.retryAfterMs()).toBe(10_000);
  });

  it('is not bent by the first answer after an idle time', () => {
    const { admission, clock } = createAdmission();
    answerForASecond(admission, clock, 100);
    const busy = admission.retryAfterMs();
    clock.advance(3_600_000);
    admission.enter(CALL);
    admission.leave(CALL);
    expect(admission.retryAfterMs()).toBe(busy);
  });
});
