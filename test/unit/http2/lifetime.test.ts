import { describe, expect, it } from '@jest/globals';
import { ERROR_CODE } from '../../../src/http2/error-code.js';
import {
  type LifeEvents,
  type LifeState,
  type LifeStep,
  type LifeTimes,
  Lifetime,
  type LifetimeLimits,
  nextLifeStep,
} from '../../../src/http2/lifetime.js';

const LIMITS: LifetimeLimits = {
  prefaceTimeoutMs: 10,
  frameTimeoutMs: 20,
  settingsTimeoutMs: 30,
  keepaliveMs: 100,
  keepaliveTimeoutMs: 40,
  idleMs: 500,
  maxAgeMs: 1000,
  graceMs: 6000,
  leaveTimeoutMs: 50,
};

const QUIET: LifeTimes = {
  openedAt: 0,
  heardAt: 0,
  isGreeting: false,
  unfinishedSince: undefined,
  idleSince: undefined,
  settingsSentAt: undefined,
  pingSentAt: undefined,
  retiredAt: undefined,
  isFinal: false,
  closingAt: undefined,
  isBehind: false,
};

describe('nextLifeStep', () => {
  it.each<readonly [LifeStep, number, Partial<LifeTimes>]>([
    ['none', 99, {}],
    ['ping', 100, {}],
    ['none', 100, { pingSentAt: 99 }],
    ['drop', 139, { pingSentAt: 99 }],
    ['none', 9, { isGreeting: true }],
    ['drop', 10, { isGreeting: true }],
    ['none', 24, { unfinishedSince: 5 }],
    ['frame_overdue', 25, { unfinishedSince: 5 }],
    ['none', 34, { settingsSentAt: 5 }],
    ['settings_overdue', 35, { settingsSentAt: 5 }],
    ['none', 999, { heardAt: 999 }],
    ['retire', 1000, { heardAt: 999 }],
    ['none', 599, { heardAt: 599, idleSince: 100 }],
    ['retire', 600, { heardAt: 599, idleSince: 100 }],
    ['none', 1049, { retiredAt: 1000, idleSince: 0, heardAt: 1000 }],
    ['final_goaway', 1050, { retiredAt: 1000, idleSince: 0 }],
    ['none', 5000, { retiredAt: 1000, isFinal: true, heardAt: 4999, idleSince: 0 }],
    ['ping', 5000, { retiredAt: 1000, isFinal: true, heardAt: 0 }],
    ['drop', 1040, { retiredAt: 1000, pingSentAt: 1000 }],
    ['none', 6999, { retiredAt: 1000, isFinal: true, heardAt: 6999 }],
    ['drop', 7000, { retiredAt: 1000, isFinal: true, heardAt: 6999 }],
    ['drop', 7000, { retiredAt: 1000, closingAt: 6999 }],
    ['none', 749, { closingAt: 700, isGreeting: true, pingSentAt: 0 }],
    ['drop', 750, { closingAt: 700 }],
    ['none', 739, { closingAt: 700, isBehind: true }],
    ['drop', 740, { closingAt: 700, isBehind: true }],
  ])('says %s at %d of %j', (step, now, times) => {
    expect(nextLifeStep({ ...QUIET, ...times }, LIMITS, now)).toBe(step);
  });

  it('does nothing for ever where there are no limits', () => {
    const never = Object.fromEntries(Object.keys(LIMITS).map((name) => [name, Number.POSITIVE_INFINITY])) as unknown as LifetimeLimits;
    expect(nextLifeStep({ ...QUIET, isGreeting: true, unfinishedSince: 0, settingsSentAt: 0, idleSince: 0 }, never, 1e12)).toBe('none');
  });
});

const ALL_TAKEN = { taken: 0, isBehind: false };

/** What is written waits, but for so many bytes. */
const behind = (taken: number) => ({ written: { taken, isBehind: true } });

class Life implements LifeEvents {
  readonly events: string[] = [];
  readonly lifetime: Lifetime;

  constructor(limits: Partial<LifetimeLimits> = {}) {
    this.lifetime = new Lifetime({ ...LIMITS, ...limits }, 0, this);
    this.lifetime.prefaceCame();
    this.lifetime.settingsCame();
  }

  tick(now: number, state: Partial<LifeState> = {}): string[] {
    this.lifetime.tick(now, { streams: 1, unfinished: undefined, isReading: true, written: ALL_TAKEN, ...state });
    return this.events.splice(0);
  }

  onPingDue(): void {
    this.events.push('ping');
  }

  onRetireDue(): void {
    this.events.push('retire');
  }

  onFinalGoawayDue(): void {
    this.events.push('final');
  }

  onOverdue(code: number): void {
    this.events.push(`overdue ${code}`);
  }

  onSilentPeer(): void {
    this.events.push('silent');
  }
}

describe('Lifetime', () => {
  it('asks a silent peer, once, and gives it up', () => {
    const life = new Life();
    expect([life.tick(99), life.tick(100), life.tick(139), life.tick(140)]).toEqual([[], ['ping'], [], ['silent']]);
  });

  it('takes anything that is heard for an answer', () => {
    const life = new Life();
    expect(life.tick(100)).toEqual(['ping']);
    life.lifetime.heard();
    expect([life.tick(150), life.tick(249), life.tick(250)]).toEqual([[], [], ['ping']]);
  });

  it('takes room that is made for what waits for an answer, and nothing else that is written', () => {
    const life = new Life();
    expect(life.tick(100, { written: { taken: 5, isBehind: false } })).toEqual(['ping']);
    // The PING itself, which the system has taken.
    expect(life.tick(110, behind(22))).toEqual([]);
    expect(life.tick(139, behind(22))).toEqual([]);
    expect(life.tick(139, behind(23))).toEqual([]);
    expect([life.tick(238, behind(23)), life.tick(239, behind(23)), life.tick(279, behind(23))]).toEqual([[], ['ping'], ['silent']]);
  });

  it('lets a connection that closes go on while what is left of it is taken', () => {
    const life = new Life();
    life.lifetime.closing(0);
    expect([life.tick(1, behind(1)), life.tick(39, behind(2)), life.tick(78, behind(3)), life.tick(117, behind(3))]).toEqual([
      [],
      [],
      [],
      [],
    ]);
    expect(life.tick(118, behind(3))).toEqual(['silent']);
  });

  it('waits for the preface and the settings', () => {
    const silent = new Lifetime(LIMITS, 0, new Life());
    expect(silent.awaitsSettings).toBe(true);
    silent.settingsCame();
    expect(silent.awaitsSettings).toBe(false);
  });

  it('counts a frame from the tick that finds it, and each frame anew', () => {
    const life = new Life();
    expect([life.tick(1, { unfinished: 1 }), life.tick(20, { unfinished: 1 }), life.tick(21, { unfinished: 2 })]).toEqual([[], [], []]);
    expect([life.tick(40, { unfinished: 2 }), life.tick(41, { unfinished: 2 })]).toEqual([[], [`overdue ${ERROR_CODE.ENHANCE_YOUR_CALM}`]]);
  });

  it('does not count what is late because it is not read', () => {
    const life = new Life();
    life.lifetime.settingsSent(0);
    life.tick(1, { unfinished: 1 });
    expect(life.tick(60, { unfinished: 1, isReading: false })).toEqual([]);
    expect([life.tick(79, { unfinished: 1 }), life.tick(80, { unfinished: 1 })]).toEqual([[], [`overdue ${ERROR_CODE.ENHANCE_YOUR_CALM}`]]);
    expect([life.tick(89), life.tick(90)]).toEqual([[], [`overdue ${ERROR_CODE.SETTINGS_TIMEOUT}`]]);
  });

  it('counts settings from the first that is not acknowledged', () => {
    const life = new Life();
    life.lifetime.settingsSent(0);
    life.lifetime.settingsSent(20);
    expect(life.tick(30)).toEqual([`overdue ${ERROR_CODE.SETTINGS_TIMEOUT}`]);
    life.lifetime.settingsAcknowledged(30, true);
    expect([life.tick(59), life.tick(60)]).toEqual([[], [`overdue ${ERROR_CODE.SETTINGS_TIMEOUT}`]]);
    life.lifetime.settingsAcknowledged(60, false);
    expect(life.tick(95)).toEqual([]);
  });

  it('retires when it was idle, and not before', () => {
    const life = new Life({ keepaliveMs: Number.POSITIVE_INFINITY });
    expect([
      life.tick(10, { streams: 0 }),
      life.tick(400, { streams: 1 }),
      life.tick(401, { streams: 0 }),
      life.tick(900, { streams: 0 }),
    ]).toEqual([[], [], [], []]);
    expect(life.tick(901, { streams: 0 })).toEqual(['retire']);
  });

  it('retires once, says so finally when nobody answers, and goes on asking whether anybody is there', () => {
    const life = new Life();
    expect([life.lifetime.retire(10), life.lifetime.retire(11), life.lifetime.isRetiring]).toEqual([true, false, true]);
    expect([life.tick(59), life.tick(60), life.tick(2000)]).toEqual([[], ['final'], ['ping']]);
  });

  it('drops a connection that was retired so long ago, though it is heard', () => {
    const life = new Life({ graceMs: 500 });
    life.lifetime.retire(10);
    expect(life.tick(60)).toEqual(['final']);
    life.lifetime.heard();
    expect([life.tick(509), life.tick(510)]).toEqual([[], ['silent']]);
  });

  it('drops a socket that does not close', () => {
    const life = new Life();
    life.lifetime.closing(10);
    life.lifetime.closing(40);
    expect([life.tick(59), life.tick(60)]).toEqual([[], ['silent']]);
  });
});
