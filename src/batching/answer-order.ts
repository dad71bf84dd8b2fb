import type { Entry } from './entry.js';

type Answer = () => void;

/** Lets answers out in the order in which their entries came: an early one is held until all before it are out, or gone. */
export class AnswerOrder {
  /** In the order of arrival. */
  readonly #answers = new Map<Entry, Answer | 'awaited'>();

  /** `entry` has come; from now on it either gets an answer or leaves. */
  enter(entry: Entry): void {
    this.#answers.set(entry, 'awaited');
  }

  /** Calls `answer` as soon as it is the entry's turn. The first answer is the one; one to an entry that has left is dropped. */
  answer(entry: Entry, answer: Answer): void {
    if (this.#answers.get(entry) !== 'awaited') return;
    this.#answers.set(entry, answer);
    this.#release();
  }

  /** `entry` is settled out of turn, or will be: nobody waits for it. */
  leave(entry: Entry): void {
    if (this.#answers.delete(entry)) this.#release();
  }

  #release(): void {
    for (const [entry, answer] of this.#answers) {
      if (answer === 'awaited') return;
      this.#answers.delete(entry);
      answer();
    }
  }
}
