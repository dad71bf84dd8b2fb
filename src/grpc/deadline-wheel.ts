import type { Clock } from '../model/clock.js';

/** Width of a slot: a deadline is acted on at most this late, plus the lateness of the timer itself. */
const SLOT_MS = 5;

/** One turn of the wheel is 5.12 s; entries due in a later turn wait in their slot and are passed over. */
const SLOTS = 1024;

const TURN_MS = SLOTS * SLOT_MS;

/** A link of a circular list. An entry that hangs nowhere points at itself. */
abstract class Link {
  /** @internal */ next: Link = this;
  /** @internal */ previous: Link = this;
}

/** Something with a deadline. Calls extend it, so that waiting for a deadline allocates nothing. */
export abstract class DeadlineEntry extends Link {
  /** @internal The slot of absolute time, not of the wheel, in which the entry is due. */
  dueTick = 0;

  /** Called once, after the entry has left the wheel; it may be scheduled again from here. */
  abstract expire(): void;
}

class Head extends Link {}

/**
 * All deadlines of a server behind one timer. Scheduling and cancelling are O(1) and touch no timer in the common case of a
 * call that ends long before its deadline; any span fits, months included. A timer is armed only while entries wait, except
 * that the last one armed (never longer than one turn) is left to fire once into an empty wheel.
 */
export class DeadlineWheel {
  readonly #clock: Clock;
  readonly #slots: readonly Head[] = Array.from({ length: SLOTS }, () => new Head());
  readonly #due = new Head();
  #size = 0;
  /** Every slot up to this one has been looked at. */
  #seenTick: number;
  #wakeAt = Infinity;
  #cancelTimer: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#seenTick = Math.floor(clock.now() / SLOT_MS);
  }

  /** Entries that wait. */
  get size(): number {
    return this.#size;
  }

  /** `deadline` is in the clock's milliseconds and finite; one that has passed expires with the next slot. */
  schedule(entry: DeadlineEntry, deadline: number): void {
    this.cancel(entry);
    if (this.#size === 0) this.#seenTick = Math.floor(this.#clock.now() / SLOT_MS);
    entry.dueTick = Math.max(Math.ceil(deadline / SLOT_MS), this.#seenTick + 1);
    append(this.#slot(entry.dueTick), entry);
    this.#size += 1;
    this.#wakeBy(entry.dueTick * SLOT_MS);
  }

  /** Harmless for an entry that does not wait. */
  cancel(entry: DeadlineEntry): void {
    if (entry.next === entry) return;
    unlink(entry);
    this.#size -= 1;
  }

  #slot(tick: number): Head {
    const head = this.#slots[tick % SLOTS];
    if (head === undefined) throw new RangeError(`no slot for tick ${tick}`);
    return head;
  }

  #wakeBy(time: number): void {
    if (this.#wakeAt <= time) return;
    this.#cancelTimer?.();
    const now = this.#clock.now();
    this.#wakeAt = Math.min(time, now + TURN_MS);
    this.#cancelTimer = this.#clock.after(Math.max(this.#wakeAt - now, 0), this.#wake);
  }

  readonly #wake = (): void => {
    this.#wakeAt = Infinity;
    this.#cancelTimer = undefined;
    this.#collect(Math.floor(this.#clock.now() / SLOT_MS));
    this.#expireCollected();
    if (this.#size > 0) this.#wakeBy(this.#nextTick() * SLOT_MS);
  };

  /** Moves what is due into one list first: an expiring entry may cancel or schedule others. */
  #collect(nowTick: number): void {
    const slots = Math.min(nowTick - this.#seenTick, SLOTS);
    for (let tick = nowTick - slots + 1; tick <= nowTick; tick += 1) {
      const head = this.#slot(tick);
      for (let link = head.next; link !== head; ) {
        const { next } = link;
        if (link instanceof DeadlineEntry && link.dueTick <= nowTick) {
          unlink(link);
          append(this.#due, link);
        }
        link = next;
      }
    }
    this.#seenTick = Math.max(nowTick, this.#seenTick);
  }

  #expireCollected(): void {
    for (let link = this.#due.next; link instanceof DeadlineEntry; link = this.#due.next) {
      this.cancel(link);
      link.expire();
    }
  }

  /** The next slot of this turn that holds anything, were it for a later turn. */
  #nextTick(): number {
    const last = this.#seenTick + SLOTS;
    for (let tick = this.#seenTick + 1; tick < last; tick += 1) {
      const head = this.#slot(tick);
      if (head.next !== head) return tick;
    }
    return last;
  }
}

function append(head: Head, link: Link): void {
  link.previous = head.previous;
  link.next = head;
  head.previous.next = link;
  head.previous = link;
}

function unlink(link: Link): void {
  link.previous.next = link.next;
  link.next.previous = link.previous;
  link.next = link;
  link.previous = link;
}
