import { ERROR_CODE, type ErrorCode } from './error-code.js';
import type { WriteProgress } from './write-progress.js';

/** How long a connection may take, wait and last, in milliseconds; Infinity where it may do so for ever. */
export interface LifetimeLimits {
  /** Until the preface and the first SETTINGS have come. */
  readonly prefaceTimeoutMs: number;
  /** For a frame or a header block that has begun to end. */
  readonly frameTimeoutMs: number;
  readonly settingsTimeoutMs: number;
  /** Of silence, after which a PING asks whether anybody is there. */
  readonly keepaliveMs: number;
  readonly keepaliveTimeoutMs: number;
  /** Without a stream, after which the connection is retired. */
  readonly idleMs: number;
  readonly maxAgeMs: number;
  /** After a connection's retirement, until it is dropped with whatever is still on it. */
  readonly graceMs: number;
  /** For the answer to a retiring connection's PING, and for a socket to close once everything is said. */
  readonly leaveTimeoutMs: number;
}

/** What time makes a connection do. */
export interface LifeEvents {
  onPingDue(): void;
  onRetireDue(): void;
  onFinalGoawayDue(): void;
  onOverdue(code: ErrorCode, text: string): void;
  onSilentPeer(): void;
}

/** When what happened last; undefined where it has not. */
export interface LifeTimes {
  readonly openedAt: number;
  readonly heardAt: number;
  /** Whether the preface or its SETTINGS are still to come. */
  readonly isGreeting: boolean;
  /** Since when the present frame or header block is incomplete. */
  readonly unfinishedSince: number | undefined;
  readonly idleSince: number | undefined;
  readonly settingsSentAt: number | undefined;
  readonly pingSentAt: number | undefined;
  readonly retiredAt: number | undefined;
  readonly isFinal: boolean;
  /** Or since when nothing of what is left to be written was taken. */
  readonly closingAt: number | undefined;
  /** Whether something is left to be written. */
  readonly isBehind: boolean;
}

/** What a connection is at. */
export interface LifeState {
  /** How many are open. */
  readonly streams: number;
  /** The number of the frame that has begun but not ended. */
  readonly unfinished: number | undefined;
  /** Whether what comes is read, or left where it is until the peer reads what was written. */
  readonly isReading: boolean;
  readonly written: WriteProgress;
}

export type LifeStep = 'none' | 'ping' | 'retire' | 'final_goaway' | 'frame_overdue' | 'settings_overdue' | 'drop';

/** What is due now. The first that applies; the next tick sees to the rest. */
export function nextLifeStep(times: LifeTimes, limits: LifetimeLimits, now: number): LifeStep {
  const since = (at: number | undefined) => (at === undefined ? Number.NEGATIVE_INFINITY : now - at);
  if (since(times.retiredAt) >= limits.graceMs) return 'drop';
  // A slow reader makes room in the system's buffers now and then: only as long a silence as an unanswered PING says that it is gone.
  if (since(times.closingAt) >= (times.isBehind ? limits.keepaliveTimeoutMs : limits.leaveTimeoutMs)) return 'drop';
  if (times.closingAt !== undefined) return 'none';
  if (times.isGreeting && since(times.openedAt) >= limits.prefaceTimeoutMs) return 'drop';
  if (since(times.pingSentAt) >= limits.keepaliveTimeoutMs) return 'drop';
  if (since(times.unfinishedSince) >= limits.frameTimeoutMs) return 'frame_overdue';
  if (since(times.settingsSentAt) >= limits.settingsTimeoutMs) return 'settings_overdue';
  if (!times.isFinal && since(times.retiredAt) >= limits.leaveTimeoutMs) return 'final_goaway';
  const isDue = since(times.openedAt) >= limits.maxAgeMs || since(times.idleSince) >= limits.idleMs;
  if (times.retiredAt === undefined && isDue) return 'retire';
  if (times.pingSentAt === undefined && since(times.heardAt) >= limits.keepaliveMs) return 'ping';
  return 'none';
}

/** The times of one connection. Coarse: `tick` comes once in a while, and what it brings about may be that much late. */
export class Lifetime {
  readonly #limits: LifetimeLimits;
  readonly #events: LifeEvents;
  readonly #openedAt: number;
  #heardAt: number;
  #hasHeard = false;
  #hasPreface = false;
  #hasSettings = false;
  #unfinishedFrame: number | undefined;
  #unfinishedSince: number | undefined;
  #idleSince: number | undefined;
  #settingsSentAt: number | undefined;
  #pingSentAt: number | undefined;
  #retiredAt: number | undefined;
  #isFinal = false;
  #closingAt: number | undefined;
  #taken = 0;
  #isBehind = false;

  constructor(limits: LifetimeLimits, now: number, events: LifeEvents) {
    this.#limits = limits;
    this.#events = events;
    this.#openedAt = now;
    this.#heardAt = now;
  }

  get awaitsSettings(): boolean {
    return !this.#hasSettings;
  }

  get isRetiring(): boolean {
    return this.#retiredAt !== undefined;
  }

  /** Something came; when, the next tick will say. */
  heard(): void {
    this.#hasHeard = true;
    this.#pingSentAt = undefined;
  }

  prefaceCame(): void {
    this.#hasPreface = true;
  }

  settingsCame(): void {
    this.#hasSettings = true;
  }

  /** Counts from the first that is not acknowledged. */
  settingsSent(now: number): void {
    this.#settingsSentAt ??= now;
  }

  settingsAcknowledged(now: number, isMorePending: boolean): void {
    this.#settingsSentAt = isMorePending ? now : undefined;
  }

  /** False where the connection is retiring already. */
  retire(now: number): boolean {
    if (this.#retiredAt !== undefined) return false;
    this.#retiredAt = now;
    return true;
  }

  closing(now: number): void {
    this.#closingAt ??= now;
  }

  tick(now: number, { streams, unfinished, isReading, written }: LifeState): void {
    this.#follow(written, now);
    if (this.#hasHeard) this.#heardAt = now;
    this.#hasHeard = false;
    if (unfinished !== this.#unfinishedFrame) this.#unfinishedSince = unfinished === undefined ? undefined : now;
    this.#unfinishedFrame = unfinished;
    // What is not read is not late.
    if (!isReading) this.#wait(now);
    this.#idleSince = streams === 0 ? (this.#idleSince ?? now) : undefined;
    this.#take(nextLifeStep(this.#times(), this.#limits, now), now);
  }

  /** Whoever takes what is written is there, though not heard. What an empty line takes says nothing. */
  #follow({ taken, isBehind }: WriteProgress, now: number): void {
    if (this.#isBehind && taken > this.#taken) {
      this.heard();
      if (this.#closingAt !== undefined) this.#closingAt = now;
    }
    this.#taken = taken;
    this.#isBehind = isBehind;
  }

  #wait(now: number): void {
    if (this.#unfinishedSince !== undefined) this.#unfinishedSince = now;
    if (this.#settingsSentAt !== undefined) this.#settingsSentAt = now;
  }

  #times(): LifeTimes {
    return {
      openedAt: this.#openedAt,
      heardAt: this.#heardAt,
      isGreeting: !this.#hasPreface || !this.#hasSettings,
      unfinishedSince: this.#unfinishedSince,
      idleSince: this.#idleSince,
      settingsSentAt: this.#settingsSentAt,
      pingSentAt: this.#pingSentAt,
      retiredAt: this.#retiredAt,
      isFinal: this.#isFinal,
      closingAt: this.#closingAt,
      isBehind: this.#isBehind,
    };
  }

  #take(step: LifeStep, now: number): void {
    switch (step) {
      case 'none':
        return;
      case 'ping':
        this.#pingSentAt = now;
        this.#events.onPingDue();
        return;
      case 'retire':
        this.#events.onRetireDue();
        return;
      case 'final_goaway':
        this.#isFinal = true;
        this.#events.onFinalGoawayDue();
        return;
      case 'frame_overdue':
        this.#events.onOverdue(ERROR_CODE.ENHANCE_YOUR_CALM, 'a frame or a header block takes too long to come');
        return;
      case 'settings_overdue':
        this.#events.onOverdue(ERROR_CODE.SETTINGS_TIMEOUT, 'SETTINGS are not acknowledged');
        return;
      case 'drop':
        this.#events.onSilentPeer();
    }
  }
}
