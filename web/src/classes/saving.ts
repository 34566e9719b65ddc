import { isSame, type Choice } from "./choice";

/** A choice that is to be saved, and what the person had seen when she made it. */
export interface Save {
  choice: Choice;
  generations: Record<string, number>;
  /** Id of the decision before; null: there was none. */
  last: string | null;
}

/** Saves one choice at a time. Of those that come meanwhile the newest follows on the one that was saved; after a failure none does. */
export class Saving {
  private waiting: Save | null = null;
  private busy = false;

  /** Sends a choice, or keeps it until the one under way has been saved; `send` answers with the id of the decision. */
  async ask(save: Save, send: (save: Save) => Promise<string | null>): Promise<void> {
    this.waiting = save;
    if (this.busy) return;
    this.busy = true;
    try {
      for (let next = this.taken(); next; next = this.taken()) {
        this.followOn(await send(next));
      }
    } finally {
      this.waiting = null;
      this.busy = false;
    }
  }

  private followOn(made: string | null): void {
    if (this.waiting) this.waiting = { ...this.waiting, last: made };
  }

  private taken(): Save | null {
    const { waiting } = this;
    this.waiting = null;
    return waiting;
  }
}

/** What a person has chosen beyond what was saved just now; null: nothing. */
export function beyond(own: Choice | null, saved: Choice): Choice | null {
  return own && isSame(own, saved) ? null : own;
}
